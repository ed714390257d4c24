/** Calldata, signatures and payloads: made for others to send, and read again. */
export { type DecodedCalldata, decodeCalldata } from "./decodeCalldata.ts";
export { decodeReviewableEnable, type ReviewableEnable } from "./decodeReviewableEnable.ts";
export { encodeEnable } from "./encodeEnable.ts";
export { encodeExecute } from "./encodeExecute.ts";
export { encodeExecuteSigned } from "./encodeExecuteSigned.ts";
export { encodePause } from "./encodePause.ts";
export { encodePay } from "./encodePay.ts";
export { encodeRenounce } from "./encodeRenounce.ts";
export { encodeResume } from "./encodeResume.ts";
export { encodeReviewableEnable } from "./encodeReviewableEnable.ts";
export { encodeRevoke } from "./encodeRevoke.ts";
export { encodeRevokeAll } from "./encodeRevokeAll.ts";
export { type DecodedPayload, decodePayload } from "./payload/decodePayload.ts";
export { encodePayload } from "./payload/encodePayload.ts";
export type { PayloadParameters } from "./payload/PayloadParameters.ts";
export { type SignedExecution, signExecution } from "./signExecution.ts";
export {
  decodeSessionUserOpCallData,
  type SessionUserOpCallData,
} from "./userOp/decodeSessionUserOpCallData.ts";
export { encodePaymentUserOpCallData, type UserOpPayment } from "./userOp/encodePaymentUserOpCallData.ts";
export { encodePaymentUserOpSignature } from "./userOp/encodePaymentUserOpSignature.ts";
export { encodeSessionUserOpCallData } from "./userOp/encodeSessionUserOpCallData.ts";
