import type { Address, Chain, Client, Transport } from "viem";
import { readContract } from "../../internal/chainActions.ts";
import { parseAddress } from "../../internal/parseAddress.ts";
import { erc7579AdapterOf } from "../accountAdapterOf.ts";
import type { Erc7579AccountKind } from "./Erc7579AccountKind.ts";
import { erc7579Abi } from "./erc7579Abi.ts";
import type { Erc7579RemovalParameters } from "./erc7579Removal.ts";

/** Where the accounts' linked lists of modules begin. */
const SENTINEL: Address = "0x0000000000000000000000000000000000000001";
/** Most modules of a type that are looked through. */
const MOST = 100n;

/**
 * Reads from an account what {@link erc7579Removal} needs to know of it: some kinds keep their modules in linked lists,
 * and must be told what stands before the one that goes. The latest hundred of each type are read.
 *
 * @throws {Refusal} INVALID_ADDRESS; UNSUPPORTED_ACCOUNT: no such kind; NETWORK where the chain cannot be asked; UNKNOWN where the account is none of its `kind`.
 *
 * @example
 * const calls = erc7579Removal(await readErc7579Removal(client, { kind: "nexus", account, module }));
 */
export async function readErc7579Removal(
  client: Client<Transport, Chain | undefined>,
  parameters: { kind: Erc7579AccountKind; account: Address; module: Address },
): Promise<Erc7579RemovalParameters> {
  const { kind, account, module } = parameters;
  const { listsModules } = erc7579AdapterOf(kind);
  parseAddress(account, "account");
  parseAddress(module, "module");
  if (!listsModules) return { kind, account, module } as Erc7579RemovalParameters;
  const listed = async (functionName: "getValidatorsPaginated" | "getExecutorsPaginated") => {
    const args = [SENTINEL, MOST] as const;
    const [modules] = await readContract(client, { address: account, abi: erc7579Abi, functionName, args });
    return modules;
  };
  const [validators, executors] = await Promise.all([
    listed("getValidatorsPaginated"),
    listed("getExecutorsPaginated"),
  ]);
  return { kind, account, module, validators, executors } as Erc7579RemovalParameters;
}
