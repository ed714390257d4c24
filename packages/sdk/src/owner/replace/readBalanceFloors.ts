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
 * Reads an account's balance of every token that a session has a budget for. Read it when the
 * owner reviews what the session has spent, and pass it to {@link replaceSession}: anything that the session spends from
 * then on lowers a balance, and the replacement fails.
 *
 * @throws {Refusal} INVALID_ADDRESS; INVALID_INPUT; the chain's reason; NETWORK.
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
