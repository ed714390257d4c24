import type { Budget, BudgetStatus, SessionCarrier } from "@latchkey/sdk";
import type { SessionEvent } from "@latchkey/sdk/history";
import type { TokenFacts } from "@latchkey/sdk/review";
import { useMemo } from "react";
import { amountText, numberText } from "../ui/amountText.ts";
import { Meter } from "../ui/Meter.tsx";
import { Moment } from "../ui/Moment.tsx";
import { currentPeriodWords } from "./currentPeriodWords.ts";
import { periodStanding } from "./periodStanding.ts";

/**
 * What a budget has spent and has left in its current period, by rail.
 *
 * @param props.span The session's length in seconds.
 * @param props.status The on-chain status; undefined until it is read.
 * @param props.events Undefined until they are read.
 * @param props.hearing Whether `status` is current, stale, or final.
 */
export function BudgetMeter({
  carrier,
  index,
  budget,
  span,
  status,
  events,
  facts,
  hearing,
}: {
  carrier: SessionCarrier;
  index: number;
  budget: Budget;
  span: number;
  status: BudgetStatus | undefined;
  events: readonly SessionEvent[] | undefined;
  facts: TokenFacts | undefined;
  hearing: "current" | "old" | "last";
}) {
  const when = currentPeriodWords(budget.period, span);
  const limit = amountText(budget.perPeriod, facts);
  const label = `${facts?.symbol ?? "Token"} spent ${when}`;
  const standing = useMemo(
    () => status && periodStanding(carrier, index, status, events),
    [carrier, index, status, events],
  );
  if (!status || !standing)
    return (
      <div className="stack stack--tight">
        <Meter label={label} value={undefined} limit={budget.perPeriod} text={`… of ${limit}`} below={when} />
        <Rails left="…" executed="…" settled="…" setAside="…" />
      </div>
    );
  const said = (amount: bigint | undefined) => (amount === undefined ? "…" : amountText(amount, facts));
  const most = standing.executed + status.opened;
  const used = standing.spent ?? most;
  const isStream = status.stream !== undefined;
  return (
    <div className="stack stack--tight">
      <Meter
        label={label}
        value={used}
        limit={isStream ? status.released : standing.limit}
        text={`${standing.spent === undefined ? "at most " : ""}${numberText(used, facts)} of ${isStream ? amountText(status.released, facts) : limit}`}
        below={
          hearing === "current" ? (
            <>
              spent {when}
              {isStream && ", of what is released"}
              {budget.period < span && (
                <>
                  , resets <Moment at={status.resetsAt} short />
                </>
              )}
            </>
          ) : hearing === "old" ? (
            "spent, as of the last update"
          ) : (
            `spent ${budget.period < span ? "in its last period" : "in all"}`
          )
        }
      />
      <Rails
        left={hearing === "last" ? "none" : said(standing.left)}
        executed={said(standing.executed)}
        settled={said(standing.settled)}
        setAside={said(standing.setAside)}
      />
    </div>
  );
}

/** Labels short enough for a phone; `LimitRows` explains the reservation for signed payments. */
const Rails = (texts: { left: string; executed: string; settled: string; setAside: string }) => (
  <dl className="rails">
    <div>
      <dt>Available</dt>
      <dd>{texts.left}</dd>
    </div>
    <div>
      <dt>By transaction</dt>
      <dd>{texts.executed}</dd>
    </div>
    <div>
      <dt>By signature</dt>
      <dd>{texts.settled}</dd>
    </div>
    <div>
      <dt>Reserved for signed payments</dt>
      <dd>{texts.setAside}</dd>
    </div>
  </dl>
);
