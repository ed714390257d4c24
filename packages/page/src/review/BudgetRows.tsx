import type { BudgetReview } from "@latchkey/sdk/review";
import { isAddressEqual, zeroAddress } from "viem";
import { AddressText } from "../ui/AddressText.tsx";
import { Moment } from "../ui/Moment.tsx";
import { Row } from "../ui/Rows.tsx";
import { AmountLine } from "./AmountLine.tsx";
import { amountWords } from "./amountWords.ts";
import { fromNow } from "./fromNow.ts";
import { periodWords } from "./periodWords.ts";

/**
 * What a budget allows, a row each. Nothing of it is left out or folded away.
 *
 * @param props.window Of the session, in seconds of Unix time.
 * @param props.chain The chain's name.
 * @param props.now Unix time in seconds.
 */
export function BudgetRows({
  budget,
  window,
  chain,
  now,
}: {
  budget: BudgetReview;
  window: { validAfter: number; validUntil: number };
  chain: string;
  now: number;
}) {
  const { perTransaction, perPeriod, period, periods, stream, recipients, token, bySignature } = budget;
  const words = periodWords(period, window.validUntil - window.validAfter);
  const isOnePeriod = periods === 1n;
  const left = fromNow(budget, window, now);
  return (
    <>
      <Row term="Each payment at most" amount>
        <AmountLine amount={perTransaction} facts={budget} />
      </Row>
      <Row term={`${words.each} at most`} amount>
        <AmountLine amount={perPeriod} facts={budget} />
        {!isOnePeriod && (
          <p className="quiet small">
            Resets {words.every}
            {left.nextReset !== undefined && (
              <>
                ; next on <Moment at={left.nextReset} />
              </>
            )}
          </p>
        )}
        {stream && (
          <p className="quiet small">
            Not all at once: {amountWords(stream.initial, budget).main} at the beginning, and{" "}
            {amountWords(stream.perSecond, budget).main} more with each second.
          </p>
        )}
      </Row>
      <Row term="Only to">
        {recipients === "anyone" ? (
          <p className="strong">Anyone</p>
        ) : (
          <ul className="stack stack--tight">
            {recipients.map((recipient) => (
              <li key={recipient}>
                <AddressText address={recipient} />
              </li>
            ))}
          </ul>
        )}
      </Row>
      <Row term="Pays with">
        <p>
          <bdi>{budget.symbol}</bdi> on {chain}
          {!budget.known &&
            ` (not known to this page; with ${budget.decimals} decimals, as the chain's node says)`}
        </p>
        {!isAddressEqual(token, zeroAddress) && (
          <p className="small">
            <AddressText address={token} />
          </p>
        )}
        <p className="quiet small">
          {bySignature
            ? "By transactions, and by signed web payments (x402): both count."
            : "By transactions only."}
        </p>
      </Row>
      <Row term="The most it can ever spend" amount>
        <AmountLine amount={left.most} facts={budget} />
        {!isOnePeriod && (
          <p className="quiet small">{left.periods.toLocaleString("en")} periods' worth until the end.</p>
        )}
      </Row>
    </>
  );
}
