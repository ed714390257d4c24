import type { TokenFacts } from "@latchkey/sdk/review";
import { amountWords } from "./amountWords.ts";
import { isBeyondAll } from "./isBeyondAll.ts";

/** A limit, in dollars first if the token is the page's configured USDC. Says so if it effectively limits nothing. */
export function AmountLine({ amount, facts }: { amount: bigint; facts: TokenFacts }) {
  const { main, beside } = amountWords(amount, facts);
  if (isBeyondAll(amount, facts.decimals))
    return (
      <p>
        <strong>No real limit</strong>
        <span className="quiet small">
          {" "}
          (<bdi>{beside ?? main}</bdi>)
        </span>
      </p>
    );
  return (
    <p>
      <bdi className="number strong">{main}</bdi>
      {beside && <span className="quiet small"> = {beside}</span>}
    </p>
  );
}
