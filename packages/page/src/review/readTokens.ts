import { type Proposal, reviewSession, type TokenFacts } from "@latchkey/sdk";
import { isAddressEqual } from "viem";
import type { ChainSettings } from "../chain/ChainSettings.ts";
import type { ChainClient } from "../chain/chainClient.ts";

/**
 * What the chain says of a proposal's tokens. The chain's USDC by the page's own settings is vouched for by whoever serves
 * the page.
 *
 * @throws {Refusal} UNKNOWN_TOKEN: a token does not tell its decimals; NETWORK.
 */
export async function readTokens(
  client: ChainClient,
  { usdc }: Pick<ChainSettings, "usdc">,
  proposal: Proposal,
): Promise<TokenFacts[]> {
  const { budgets } = await reviewSession(client, proposal);
  return budgets.map(({ token, symbol, decimals, known }): TokenFacts => {
    if (usdc && isAddressEqual(token, usdc)) return { token, symbol: "USDC", decimals, known: true };
    return { token, symbol, decimals, known };
  });
}
