/** All that the entries of the package export, but those of Node and of tests. */
export * from "../../packages/sdk/src/addresses/index.ts";
export * from "../../packages/sdk/src/encoding/index.ts";
export * from "../../packages/sdk/src/erc7579.ts";
export * from "../../packages/sdk/src/handoff/index.ts";
export * from "../../packages/sdk/src/history/index.ts";
export * from "../../packages/sdk/src/index.ts";
export * from "../../packages/sdk/src/review/index.ts";
