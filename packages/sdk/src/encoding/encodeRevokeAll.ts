import { type Address, encodeFunctionData } from "viem";
import { loggable } from "../errors/json.ts";
import { sessionModuleAbi } from "../generated/abis/sessionModuleAbi.ts";
import { parseAddress } from "../internal/parseAddress.ts";
import type { EncodedCall } from "../session/CallRequest.ts";

/**
 * The call with which the account revokes every session and every unused grant. For the account to
 * send, also after its owners have changed.
 *
 * The right to grant stays: a Safe's owners, and on an ERC-7579 account the granter that was set at installation. Before its
 * code changes (EIP-7702), or if the granter's validator is no longer the owner's, the account sends
 * {@link encodeRevokeGranter} instead.
 */
export const encodeRevokeAll = (parameters: { module: Address }): EncodedCall =>
  loggable({
    to: parseAddress(parameters.module, "module"),
    value: 0n,
    data: encodeFunctionData({ abi: sessionModuleAbi, functionName: "revokeAll" }),
  });
