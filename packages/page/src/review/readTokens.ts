import type { Proposal } from "@latchkey/sdk";
import { reviewSession, type TokenFacts } from "@latchkey/sdk/review";
import { isAddressEqual } from "viem";
import type { ChainSettings } from "../chain/ChainSettings.ts";
import type { ChainClient } from "../chain/chainClient.ts";

/** USDC has six decimals on every chain: a node that says otherwise would move the point of every amount. */
const USDC_DECIMALS = 6;

/** The chain's USDC by the page's own settings: whoever serves the page vouches for it. None where they name none. */
export const vouchedTokens = ({ usdc }: Pick<ChainSettings, "usdc">): TokenFacts[] =>
  usdc ? [{ token: usdc, symbol: "USDC", decimals: USDC_DECIMALS, known: true }] : [];

/**
 * What the chain says of a proposal's tokens, but for those that the page vouches for.
 *
 * @throws {Refusal} UNKNOWN_TOKEN: a token does not tell its decimals; NETWORK.
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
