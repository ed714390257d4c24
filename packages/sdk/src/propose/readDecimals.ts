import type { Chain, Client, Transport } from "viem";
import { tokenDecimals } from "../internal/tokenDecimals.ts";
import { budgetTokens } from "./budgetTokens.ts";
import type { BudgetRequests } from "./SessionRequest.ts";

/**
 * What each token of some budgets says of its decimals, by its address in lower case.
 *
 * @throws {Refusal} UNKNOWN_TOKEN: a token is not known, or does not tell; NETWORK: it could not be asked.
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
