/**
 * Encodes and decodes calldata, signatures, payloads and session bytes. Imported as
 * `@latchkey/sdk/encoding`.
 */
export { safeAbi } from "../accounts/safe/safeAbi.ts";
export { hashSafeMessage, type SafeMessage, safeMessage } from "../accounts/safe/safeMessage.ts";
export { encodePasskeyAssertion, safePasskeySignature } from "../accounts/safe/safePasskeySignature.ts";
export { signatureRailCalls, signatureRailHandler } from "../accounts/safe/safeSignatureRail.ts";
export { type SafeOwnerSignature, safeSignatures } from "../accounts/safe/safeSignatures.ts";
export { type SafeTransaction, safeTransaction } from "../accounts/safe/safeTransaction.ts";
export { type SafeHandlerKind, wrapForSafe } from "../accounts/safe/wrapForSafe.ts";
export { toCalls } from "../session/CallRequest.ts";
export { eip712Domain } from "../session/eip712Domain.ts";
export { eip712Types } from "../session/eip712Types.ts";
export { hashActions } from "../session/hashActions.ts";
export { hashBudget } from "../session/hashBudget.ts";
export { hashCarriedSession } from "../session/hashCarriedSession.ts";
export { nodeNonce } from "../session/nodeNonce.ts";
export { nodeWorth } from "../session/nodeWorth.ts";
export { encodeSession, packSession } from "../session/packSession.ts";
export { isPaidByPermit2, type PaymentMethod, paymentMethods } from "../session/paymentMethods.ts";
export { PERMIT2, permit2Domain, permit2DomainSeparator } from "../session/permit2.ts";
export { type Permit2Transfer, permit2Transfer } from "../session/permit2Transfer.ts";
export { slotNonce } from "../session/slotNonce.ts";
export type { SlotPeriod } from "../session/slotPrefix.ts";
export { slotReader } from "../session/slotReader.ts";
export { slotWorth } from "../session/slotWorth.ts";
export {
  type CarriedSession,
  decodeSession,
  type UnpackedSession,
  unpackSession,
} from "../session/unpackSession.ts";
export type { WholeParts } from "../session/WholeParts.ts";
export { type DecodedCalldata, decodeCalldata } from "./decodeCalldata.ts";
export type { Permit2Approval } from "./decodePermit2Call.ts";
export { decodeReviewableEnable, type ReviewableEnable } from "./decodeReviewableEnable.ts";
export { encodeEnable } from "./encodeEnable.ts";
export { encodeExecute } from "./encodeExecute.ts";
export { encodeExecuteSigned } from "./encodeExecuteSigned.ts";
export { encodePause } from "./encodePause.ts";
export { encodePay } from "./encodePay.ts";
export { encodeRenounce } from "./encodeRenounce.ts";
export { encodeReplaceSession } from "./encodeReplaceSession.ts";
export { encodeResume } from "./encodeResume.ts";
export { encodeReviewableEnable } from "./encodeReviewableEnable.ts";
export { encodeRevoke } from "./encodeRevoke.ts";
export { encodeRevokeAll } from "./encodeRevokeAll.ts";
export { type DecodedPayload, decodePayload } from "./payload/decodePayload.ts";
export { encodePayload } from "./payload/encodePayload.ts";
export type { PayloadParameters, PaymentMethodParameters } from "./payload/PayloadParameters.ts";
export { signedPayment } from "./payload/signedPayment.ts";
export {
  decodePermissionContext,
  encodePermissionContext,
  type PermissionContext,
} from "./permissionContext.ts";
export { type SignedExecution, signExecution } from "./signExecution.ts";
