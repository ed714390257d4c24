export { decodeSessionUserOpCallData, type SessionUserOpCallData } from "./decodeSessionUserOpCallData.ts";
export type { EntryPoint, EntryPointVersion } from "./EntryPoint.ts";
export type { Erc7579AccountKind } from "./Erc7579AccountKind.ts";
export { encodePaymentUserOpCallData, type UserOpPayment } from "./encodePaymentUserOpCallData.ts";
export { encodePaymentUserOpSignature } from "./encodePaymentUserOpSignature.ts";
export { encodeRevokeGranter } from "./encodeRevokeGranter.ts";
export { encodeSessionUserOpCallData } from "./encodeSessionUserOpCallData.ts";
export * from "./erc7579Abi.ts";
export { type Erc7579InstallationParameters, erc7579Installation } from "./erc7579Installation.ts";
export { erc7579KindOf } from "./erc7579KindOf.ts";
export { type Erc7579RemovalParameters, erc7579Removal } from "./erc7579Removal.ts";
export { granterOf } from "./granterOf.ts";
export { granterPrefix } from "./granterPrefix.ts";
export { kernelMessage } from "./kernelMessage.ts";
export { readErc7579Removal } from "./readErc7579Removal.ts";
export { signPaymentUserOp } from "./signPaymentUserOp.ts";
export {
  type SessionSmartAccount,
  type SessionSmartAccountParameters,
  toSessionSmartAccount,
} from "./toSessionSmartAccount.ts";
export type { UserOpKey } from "./UserOpKey.ts";
export { validatorNonceKey } from "./validatorNonceKey.ts";
export { wrapForErc7579 } from "./wrapForErc7579.ts";
