/** The functions for agents, owners and account providers. The rest is in the other entry points. */
export * from "./accounts/index.ts";
export {
  addressOf,
  erc7579SessionModuleAddress,
  type LatchkeyContract,
  safeSessionHandlerAddress,
  safeSessionModuleAddress,
} from "./addresses/index.ts";
export * from "./agent/index.ts";
export { type LatchkeyActions, latchkeyActions } from "./client/latchkeyActions.ts";
export * from "./errors/index.ts";
export * from "./grant/index.ts";
export type { HasAddress } from "./internal/parseAddress.ts";
export { type Amount, parseAmount } from "./internal/parseAmount.ts";
export { type Duration, parseDuration } from "./internal/parseDuration.ts";
export type { BlockRange } from "./internal/readLogs.ts";
export type { EcdsaSigner } from "./internal/signTypedDataBy.ts";
export { usdcAddress } from "./internal/usdcAddress.ts";
export * from "./owner/index.ts";
export * from "./propose/index.ts";
export * from "./session/index.ts";
