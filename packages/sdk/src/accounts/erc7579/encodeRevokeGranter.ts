import { type Address, encodeFunctionData } from "viem";
import { loggable } from "../../errors/json.ts";
import { erc7579SessionModuleAbi } from "../../generated/abis/erc7579SessionModuleAbi.ts";
import { parseAddress } from "../../internal/parseAddress.ts";
import type { EncodedCall } from "../../session/CallRequest.ts";

/**
 * The call by which an ERC-7579 account ends every session and every unused grant, and clears its granter: from then on no
 * signature grants. For the account to send before its code changes, as where an EOA delegates to other code by EIP-7702,
 * and when the validator that the granter names is no longer the owner's.
 *
 * {@link encodeRevokeAll} ends the sessions and leaves the granter, whose bytes may name another validator by then:
 * whatever that one accepts could grant. {@link erc7579Removal} begins with this call.
 *
 * It needs nothing of the account's code: an EOA sends it by a transaction of its own, whatever it delegates to. The
 * module stays installed where it is; installing it again names another granter.
 *
 * @throws {InvalidInput} INVALID_ADDRESS
 *
 * @example
 * await eoaWallet.sendTransaction(encodeRevokeGranter({ module }));
 */
export const encodeRevokeGranter = (parameters: { module: Address }): EncodedCall =>
  loggable({
    to: parseAddress(parameters.module, "module"),
    value: 0n,
    // The module hears of a removal: it takes the account's word for that, and asks for nothing else.
    data: encodeFunctionData({ abi: erc7579SessionModuleAbi, functionName: "onUninstall", args: ["0x"] }),
  });
