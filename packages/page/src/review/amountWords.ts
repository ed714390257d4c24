import type { TokenFacts } from "@latchkey/sdk/review";
import { amountText } from "../ui/amountText.ts";

/** An amount as the review shows it. */
export type AmountWords = {
  /** What stands out: dollars at face value where the token is USDC, else the token's amount. */
  main: string;
  /** The token's amount, where dollars stand before it. */
  beside: string | undefined;
};

/**
 * An amount in dollars and in the token. Only USDC that the page vouches for is shown as dollars: any token may call itself
 * USDC.
 *
 * @param amount In base units.
 */
export function amountWords(amount: bigint, facts: TokenFacts): AmountWords {
  const token = amountText(amount, facts);
  if (!facts.known || facts.symbol !== "USDC") return { main: token, beside: undefined };
  const number = token.slice(0, -" USDC".length);
  return { main: `$${number.includes(".") ? number : `${number}.00`}`, beside: token };
}
