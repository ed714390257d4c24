import { type Address, encodeFunctionData } from "viem";
import { sessionModuleAbi } from "../generated/abis/sessionModuleAbi.ts";
import { loggable } from "../json.ts";
import { parseAddress } from "../units/parseAddress.ts";
import type { EncodedCall } from "./CallRequest.ts";

/**
 * The call by which the account ends every session and every unused grant that it ever gave. For the account to
 * send, also after its owners have changed.
 */
export const encodeRevokeAll = (parameters: { module: Address }): EncodedCall =>
  loggable({
    to: parseAddress(parameters.module, "module"),
    value: 0n,
    data: encodeFunctionData({ abi: sessionModuleAbi, functionName: "revokeAll" }),
  });
