import type { Address, Chain, Client, Hex, Transport } from "viem";
import { erc7579SessionModuleAbi } from "../../generated/abis/erc7579SessionModuleAbi.ts";
import { readContract } from "../../internal/chainActions.ts";
import { parseAddress } from "../../internal/parseAddress.ts";

/**
 * What the grants of an account must begin with, as its owner said when the module was installed. The module keeps it
 * until the module is removed or {@link encodeRevokeGranter} is sent, whatever code the account runs by then.
 *
 * @returns 1 to 23 bytes; `0x` where nobody grants by a signature.
 * @throws {Refusal} INVALID_ADDRESS; NETWORK where the chain cannot be asked; UNKNOWN where `module` is no module for ERC-7579 accounts.
 */
export const granterOf = async (
  client: Client<Transport, Chain | undefined>,
  { account, module }: { account: Address; module: Address },
): Promise<Hex> =>
  readContract(client, {
    address: parseAddress(module, "module"),
    abi: erc7579SessionModuleAbi,
    functionName: "granterOf",
    args: [parseAddress(account, "account")],
  });
