import type { Chain, Client, Transport } from "viem";
import { tokenDecimals } from "../internal/tokenDecimals.ts";
import { budgetTokens } from "./budgetTokens.ts";
import type { BudgetRequests } from "./SessionRequest.ts";

/**
 * The decimals of each token of some budgets, by its address in lower case.
 *
 * @throws {Refusal} UNKNOWN_TOKEN: a token is unknown, or does not return them; NETWORK
 */
export async function readDecimals(
  client: Client<Transport, Chain | undefined>,
  budgets: BudgetRequests,
  chainId: number,
): Promise<{ [token: string]: number }> {
  const asked = budgetTokens(budgets, chainId).filter(({ kind }) => kind !== "native");
  const read = asked.map(
    async ({ token, path }) => [token.toLowerCase(), await tokenDecimals(client, token, path)] as const,
  );
  return Object.fromEntries(await Promise.all(read));
}
