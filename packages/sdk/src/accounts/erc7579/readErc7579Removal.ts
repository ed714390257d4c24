import type { Address, Chain, Client, Transport } from "viem";
import { readContract } from "../../internal/chainActions.ts";
import { parseAddress } from "../../internal/parseAddress.ts";
import { erc7579AdapterOf } from "../accountAdapterOf.ts";
import type { Erc7579AccountKind } from "./Erc7579AccountKind.ts";
import { erc7579Abi } from "./erc7579Abi.ts";
import type { Erc7579RemovalParameters } from "./erc7579Removal.ts";

/** The head of the accounts' linked lists of modules. */
const SENTINEL: Address = "0x0000000000000000000000000000000000000001";
/** Most modules of a type that are searched. */
const MOST = 100n;

/**
 * Reads the parameters of {@link erc7579Removal} from an account: some kinds keep their modules in linked lists,
 * and need the entry before the removed one. The latest hundred of each type are read.
 *
 * @throws {Refusal} INVALID_ADDRESS; UNSUPPORTED_ACCOUNT; NETWORK; UNKNOWN if the account is not of its `kind`.
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
