import { type Address, encodeFunctionData } from "viem";
import { loggable } from "../../errors/json.ts";
import { erc7579SessionModuleAbi } from "../../generated/abis/erc7579SessionModuleAbi.ts";
import { parseAddress } from "../../internal/parseAddress.ts";
import type { EncodedCall } from "../../session/CallRequest.ts";

/**
 * The call with which an ERC-7579 account revokes every session and every unused grant, and clears its granter: after it no
 * signature grants. The account sends it before its code changes, for example when an EOA delegates to other code (EIP-7702),
 * and when the granter's validator is no longer the owner's.
 *
 * {@link encodeRevokeAll} revokes the sessions and keeps the granter, which may select another validator by then:
 * anything that it accepts could grant. {@link erc7579Removal} begins with this call.
 *
 * It does not depend on the account's code: an EOA can send it in its own transaction, whatever it delegates to. The
 * module stays installed; installing it again sets another granter.
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
    // To the module this is its removal: it needs nothing but the account's call.
    data: encodeFunctionData({ abi: erc7579SessionModuleAbi, functionName: "onUninstall", args: ["0x"] }),
  });
