import type { Proposal } from "@latchkey/sdk";
import { reviewSession, type TokenFacts } from "@latchkey/sdk/review";
import { isAddressEqual } from "viem";
import type { ChainSettings } from "../chain/ChainSettings.ts";
import type { ChainClient } from "../chain/chainClient.ts";

/** USDC has six decimals on every chain: a node that returned something else would shift every amount. */
const USDC_DECIMALS = 6;

/** The chain's USDC from the page's settings, which the page's operator vouches for. Empty if none is configured. */
export const vouchedTokens = ({ usdc }: Pick<ChainSettings, "usdc">): TokenFacts[] =>
  usdc ? [{ token: usdc, symbol: "USDC", decimals: USDC_DECIMALS, known: true }] : [];

/**
 * Reads a proposal's token facts from the chain, except for tokens the page vouches for.
 *
 * @throws {Refusal} UNKNOWN_TOKEN: a token does not return its decimals; NETWORK.
 */
export async function readTokens(
  client: ChainClient,
  settings: Pick<ChainSettings, "usdc">,
  proposal: Proposal,
): Promise<TokenFacts[]> {
  const { budgets } = await reviewSession(client, proposal);
  return budgets.map(
    ({ token, symbol, decimals, known }): TokenFacts =>
      vouchedTokens(settings).find((one) => isAddressEqual(one.token, token)) ?? {
        token,
        symbol,
        decimals,
        known,
      },
  );
}
