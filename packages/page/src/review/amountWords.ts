import type { TokenFacts } from "@latchkey/sdk/review";
import { amountText } from "../ui/amountText.ts";

/** An amount as shown in the review. */
export type AmountWords = {
  /** The emphasised part: dollars at face value for USDC, otherwise the token's amount. */
  main: string;
  /** The token's amount, if dollars come first. */
  beside: string | undefined;
};

/**
 * An amount in dollars and in the token. Only the page's configured USDC is shown as dollars: any token can name itself
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
