export { type CallRequest, type EncodedCall, toCalls } from "./CallRequest.ts";
export { encodeEnable } from "./encodeEnable.ts";
export { encodeExecute } from "./encodeExecute.ts";
export { encodeExecuteSigned } from "./encodeExecuteSigned.ts";
export { encodeRenounce } from "./encodeRenounce.ts";
export { encodeRevoke } from "./encodeRevoke.ts";
export { encodeRevokeAll } from "./encodeRevokeAll.ts";
export { type SignedExecution, signExecution } from "./signExecution.ts";
