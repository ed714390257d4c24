import type { Address, Chain, Client, Hex, Transport } from "viem";
import { readContract } from "../../internal/chainActions.ts";
import { parseAddress } from "../../internal/parseAddress.ts";
import { erc7579ModuleAbi } from "./erc7579Abi.ts";

/**
 * What an account's grants must start with, as set when the module was installed. The module keeps it
 * until the module is removed or {@link encodeRevokeGranter} is sent, regardless of the account's code.
 *
 * @returns 1 to 23 bytes; `0x` if signatures do not grant.
 * @throws {Refusal} INVALID_ADDRESS; NETWORK; UNKNOWN if `module` is not a module for ERC-7579 accounts.
 */
export const granterOf = async (
  client: Client<Transport, Chain | undefined>,
  { account, module }: { account: Address; module: Address },
): Promise<Hex> =>
  readContract(client, {
    address: parseAddress(module, "module"),
    abi: erc7579ModuleAbi,
    functionName: "granterOf",
    args: [parseAddress(account, "account")],
  });
