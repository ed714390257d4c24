/** ERC-7579 accounts: installation and removal, and userOps of a session. Imported as `@latchkey/sdk/erc7579`. */
export { encodeRevokeGranter } from "./accounts/erc7579/encodeRevokeGranter.ts";
export * from "./accounts/erc7579/erc7579Abi.ts";
export {
  type Erc7579InstallationParameters,
  erc7579Installation,
} from "./accounts/erc7579/erc7579Installation.ts";
export { erc7579KindOf } from "./accounts/erc7579/erc7579KindOf.ts";
export { type Erc7579RemovalParameters, erc7579Removal } from "./accounts/erc7579/erc7579Removal.ts";
export { granterOf } from "./accounts/erc7579/granterOf.ts";
export { granterPrefix } from "./accounts/erc7579/granterPrefix.ts";
export { readErc7579Removal } from "./accounts/erc7579/readErc7579Removal.ts";
export { validatorNonceKey } from "./accounts/erc7579/validatorNonceKey.ts";
export { wrapForErc7579 } from "./accounts/erc7579/wrapForErc7579.ts";
export { type KernelVersion, kernelMessage } from "./accounts/kernel.ts";
export type { EntryPoint, EntryPointVersion } from "./agent/userOp/EntryPoint.ts";
export { signPaymentUserOp } from "./agent/userOp/signPaymentUserOp.ts";
export {
  type SessionSmartAccount,
  type SessionSmartAccountParameters,
  toSessionSmartAccount,
} from "./agent/userOp/toSessionSmartAccount.ts";
export type { UserOpKey } from "./agent/userOp/UserOpKey.ts";
export {
  decodeSessionUserOpCallData,
  type SessionUserOpCallData,
} from "./encoding/userOp/decodeSessionUserOpCallData.ts";
export {
  encodePaymentUserOpCallData,
  type UserOpPayment,
} from "./encoding/userOp/encodePaymentUserOpCallData.ts";
export { encodePaymentUserOpSignature } from "./encoding/userOp/encodePaymentUserOpSignature.ts";
export { encodeSessionUserOpCallData } from "./encoding/userOp/encodeSessionUserOpCallData.ts";
