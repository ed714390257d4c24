import type { TokenFacts } from "@latchkey/sdk/review";
import { amountWords } from "./amountWords.ts";
import { isBeyondAll } from "./isBeyondAll.ts";

/** A limit, dollars first where the token is USDC that the page vouches for. One that limits nothing is called so. */
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
