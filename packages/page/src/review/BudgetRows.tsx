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
 * What a budget allows, one row per limit. Nothing is omitted or collapsed.
 *
 * @param props.approved What the account approves to Permit2 of its token, once that is known.
 * @param props.window The session's, in seconds of Unix time.
 * @param props.chain The chain's name.
 * @param props.now Unix time in seconds.
 */
export function BudgetRows({
  budget,
  approved,
  window,
  chain,
  now,
}: {
  budget: BudgetReview;
  approved: bigint | undefined;
  window: { validAfter: number; validUntil: number };
  chain: string;
  now: number;
}) {
  const {
    perTransaction,
    perPeriod,
    period,
    periods,
    stream,
    recipients,
    token,
    bySignature,
    approval,
    upTo,
  } = budget;
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
            Released gradually: {amountWords(stream.initial, budget).main} at the start
            {!isOnePeriod && " of each period"}, then {amountWords(stream.perSecond, budget).main} per second.
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
          {!budget.known && ` (unknown to this page; ${budget.decimals} decimals, according to the node)`}
        </p>
        {!isAddressEqual(token, zeroAddress) && (
          <p className="small">
            <AddressText address={token} />
          </p>
        )}
        <p className="quiet small">
          {bySignature
            ? "By transaction and by signed web payment (x402). Both count towards the limits."
            : "By transaction only."}
          {upTo && " A payment of “up to” an amount counts in full until the period ends."}
        </p>
      </Row>
      {approval && (
        <Row term="Approves to Permit2" amount>
          <AmountLine amount={approved ?? approval.amount} facts={budget} />
          <p className="quiet small">Anything else that can sign for this account could take up to that.</p>
        </Row>
      )}
      <Row term="The most it can spend in total" amount>
        <AmountLine amount={left.most} facts={budget} />
        {!isOnePeriod && (
          <p className="quiet small">{left.periods.toLocaleString("en")} periods until the end.</p>
        )}
      </Row>
    </>
  );
}
