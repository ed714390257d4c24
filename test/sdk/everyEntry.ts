/** All that the entries of the package export, but those of Node and of tests. */

export * from "@latchkey/sdk";
export * from "@latchkey/sdk/addresses";
export * from "@latchkey/sdk/encoding";
export * from "@latchkey/sdk/erc7579";
export * from "@latchkey/sdk/handoff";
export * from "@latchkey/sdk/history";
export * from "@latchkey/sdk/permissions";
export * from "@latchkey/sdk/review";
