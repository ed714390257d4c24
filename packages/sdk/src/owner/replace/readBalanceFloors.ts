import {
  type Address,
  type Chain,
  type Client,
  erc20Abi,
  isAddressEqual,
  type Transport,
  zeroAddress,
} from "viem";
import type { BalanceFloor } from "../../encoding/BalanceFloor.ts";
import { loggable } from "../../errors/json.ts";
import { getBalance, readContract } from "../../internal/chainActions.ts";
import { parseAddress } from "../../internal/parseAddress.ts";
import { parseList } from "../../internal/parseList.ts";

/**
 * Reads what an account holds of every token that a session has a budget for. Read it at the very moment at which the
 * owner looks at what the session has spent, and pass it to {@link replaceSession}: whatever the session spends from
 * then on lowers a balance, and the replacement fails.
 *
 * @throws {Refusal} INVALID_ADDRESS; INVALID_INPUT; as the chain says; NETWORK where it cannot be asked.
 */
export async function readBalanceFloors(
  client: Client<Transport, Chain | undefined>,
  grant: { session: { account: Address; budgets: readonly { token: Address }[] } },
): Promise<BalanceFloor[]> {
  const { session } = grant ?? {};
  const account = parseAddress(session?.account, "account");
  const tokens = parseList(session.budgets, "budgets", (budget, path) =>
    parseAddress(budget?.token, `${path}.token`),
  );
  const balanceOf = (token: Address): Promise<bigint> =>
    isAddressEqual(token, zeroAddress)
      ? getBalance(client, { address: account })
      : readContract(client, { address: token, abi: erc20Abi, functionName: "balanceOf", args: [account] });
  const floors = await Promise.all(tokens.map(async (token) => ({ token, amount: await balanceOf(token) })));
  return loggable(floors);
}
