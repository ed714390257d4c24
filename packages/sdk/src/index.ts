export * from "./addresses/index.ts";
export * from "./calls/index.ts";
export { checkSession, type Flaw } from "./checkSession.ts";
export { eip712Domain } from "./eip712Domain.ts";
export { eip712Types } from "./eip712Types.ts";
export * from "./erc7579/index.ts";
export { erc7579SessionModuleAddress } from "./erc7579SessionModuleAddress.ts";
export * from "./errors/index.ts";
export { execute } from "./execute.ts";
export { executeSigned } from "./executeSigned.ts";
export * from "./generated/abis/index.ts";
export * from "./grant/index.ts";
export { grantDigest } from "./grantDigest.ts";
export * from "./handoff/index.ts";
export { hashSession } from "./hashSession.ts";
export * from "./history/index.ts";
export * from "./owner/index.ts";
export { pay } from "./pay.ts";
export * from "./payload/index.ts";
export * from "./propose/index.ts";
export { renounceSession } from "./renounceSession.ts";
export * from "./replace/index.ts";
export * from "./review/index.ts";
export * from "./Session.ts";
export * from "./safe/index.ts";
export { safeSessionModuleAddress } from "./safeSessionModuleAddress.ts";
export * from "./session/index.ts";
export { sessionLensAddress } from "./sessionLensAddress.ts";
export { type SessionState, sessionState } from "./sessionState.ts";
export {
  type BudgetStatus,
  type InactiveReason,
  type SessionStatus,
  sessionStatus,
} from "./sessionStatus.ts";
export { sessionTypedData } from "./sessionTypedData.ts";
export type { EcdsaSigner } from "./signTypedDataBy.ts";
export type { HasAddress } from "./units/parseAddress.ts";
export { type Amount, parseAmount } from "./units/parseAmount.ts";
export { type Duration, parseDuration } from "./units/parseDuration.ts";
export * from "./x402/index.ts";
