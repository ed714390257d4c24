import { type Address, encodeFunctionData } from "viem";
import { sessionModuleAbi } from "../generated/abis/sessionModuleAbi.ts";
import type { EncodedCall } from "./CallRequest.ts";

/**
 * The call by which the account ends every session and every unused grant that it ever gave. For the account to
 * send, also after its owners have changed.
 */
export const encodeRevokeAll = (parameters: { module: Address }): EncodedCall => ({
  to: parameters.module,
  value: 0n,
  data: encodeFunctionData({ abi: sessionModuleAbi, functionName: "revokeAll" }),
});
