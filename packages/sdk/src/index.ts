export { type CallRequest, type EncodedCall, toCalls } from "./calls/CallRequest.ts";
export { encodeEnable } from "./calls/encodeEnable.ts";
export { encodeExecute } from "./calls/encodeExecute.ts";
export { encodeExecuteSigned } from "./calls/encodeExecuteSigned.ts";
export { encodeRenounce } from "./calls/encodeRenounce.ts";
export { encodeRevoke } from "./calls/encodeRevoke.ts";
export { encodeRevokeAll } from "./calls/encodeRevokeAll.ts";
export { type SignedExecution, signExecution } from "./calls/signExecution.ts";
export { checkSession, type Flaw } from "./checkSession.ts";
export { eip712Domain } from "./eip712Domain.ts";
export { eip712Types } from "./eip712Types.ts";
export * from "./erc7579/index.ts";
export { erc7579SessionModuleAddress } from "./erc7579SessionModuleAddress.ts";
export { ChainRefusal } from "./errors/ChainRefusal.ts";
export { decodeError } from "./errors/decodeError.ts";
export { InvalidGrant } from "./errors/InvalidGrant.ts";
export { InvalidInput } from "./errors/InvalidInput.ts";
export { type DetailsByCode, isRefusal } from "./errors/isRefusal.ts";
export { Refusal, type RefusalCode, type RefusalDetails, type RefusalParameters } from "./errors/Refusal.ts";
export { execute } from "./execute.ts";
export * from "./generated/abis/index.ts";
export { combineGrants } from "./grant/combineGrants.ts";
export {
  type AccountKind,
  GRANT_VERSION,
  type Grant,
  type Proposal,
  type SessionJson,
} from "./grant/Grant.ts";
export { grantSession } from "./grant/grantSession.ts";
export { parseGrant } from "./grant/parseGrant.ts";
export type { SessionCarrier } from "./grant/SessionCarrier.ts";
export { serializeGrant } from "./grant/serializeGrant.ts";
export { sessionJson } from "./grant/sessionJson.ts";
export { signGrant } from "./grant/signGrant.ts";
export { type GrantVerdict, verifyGrant } from "./grant/verifyGrant.ts";
export { grantDigest } from "./grantDigest.ts";
export { hashSession } from "./hashSession.ts";
export { executeAsSafe } from "./owner/executeAsSafe.ts";
export type { Owner, PasskeyOwner } from "./owner/Owner.ts";
export { revokeSession } from "./owner/revokeSession.ts";
export type { ValidatorSigner } from "./owner/ValidatorSigner.ts";
export { pay } from "./pay.ts";
export { type DecodedPayload, decodePayload } from "./payload/decodePayload.ts";
export { encodePayload } from "./payload/encodePayload.ts";
export { hashActions } from "./payload/hashActions.ts";
export { hashBudget } from "./payload/hashBudget.ts";
export type { PayloadParameters, Slot } from "./payload/PayloadParameters.ts";
export { slotNonce } from "./payload/slotNonce.ts";
export { type SafeHandlerKind, wrapForSafe } from "./payload/wrapForSafe.ts";
export { createAction } from "./propose/createAction.ts";
export { createSession, type SessionContext } from "./propose/createSession.ts";
export { defaultSlotSizes } from "./propose/defaultSlotSizes.ts";
export { proposeSession } from "./propose/proposeSession.ts";
export type {
  ActionRequest,
  BudgetRequest,
  BudgetRequests,
  Comparable,
  Condition,
  Limit,
  SessionRequest,
  TokenBudgetRequest,
} from "./propose/SessionRequest.ts";
export { usdcAddress } from "./propose/usdcAddress.ts";
export * from "./Session.ts";
export * from "./safe/index.ts";
export { safeSessionModuleAddress } from "./safeSessionModuleAddress.ts";
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
