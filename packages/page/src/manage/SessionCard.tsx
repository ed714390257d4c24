import { keyFingerprint } from "@latchkey/sdk/handoff";
import { useId, useMemo } from "react";
import type { AskedChain } from "../chain/PageChains.ts";
import { ClaimedText } from "../ui/ClaimedText.tsx";
import { Disclosure } from "../ui/Disclosure.tsx";
import { Moment } from "../ui/Moment.tsx";
import { Row, Rows } from "../ui/Rows.tsx";
import { TimeLeft } from "../ui/TimeLeft.tsx";
import { BudgetMeter } from "./BudgetMeter.tsx";
import { cardState } from "./CardState.ts";
import { ChangeControl } from "./ChangeControl.tsx";
import { LimitRows } from "./LimitRows.tsx";
import type { ManagedAccount } from "./ManagedAccount.ts";
import { paymentsOf } from "./Payment.ts";
import { PaymentList } from "./PaymentList.tsx";
import type { ChangeSubject } from "./SessionChange.ts";
import { SpendingChart } from "./SpendingChart.tsx";
import { StateBadge } from "./StateBadge.tsx";
import { sessionOffers } from "./sessionOffers.ts";
import { stateSentence } from "./stateSentence.ts";
import { useTokenFacts } from "./useTokenFacts.ts";
import type { AccountNews, KnownSession } from "./watchAccount.ts";

/** A clock time with seconds, since the age of a response matters to the second. @param at Milliseconds. */
const clockText = (at: number) => new Date(at).toLocaleTimeString("en-GB");

/**
 * A session: its state, the buttons to stop, pause or resume it, and its spending.
 *
 * @param props.now This device's clock, milliseconds.
 * @param props.onMined Called when a change is on chain.
 */
export function SessionCard({
  asked,
  managed,
  known,
  news,
  now,
  onMined,
}: {
  asked: AskedChain;
  managed: ManagedAccount;
  known: KnownSession;
  news: AccountNews;
  now: number;
  onMined: () => void;
}) {
  const id = useId();
  const { grant, name } = known;
  const session = grant.session;
  const answer = news.answers.get(known.id);
  const state = cardState(
    { answer, failed: news.failure !== undefined, lagging: news.lagging },
    now,
    news.begunAt,
  );
  const factsOf = useTokenFacts(asked, grant);
  const over = state.kind === "stopped" || state.kind === "expired" ? state.kind : undefined;
  const current = state.kind !== "unknown" && state.kind !== "asking";
  // The clock re-renders this card every second; the session should not be hashed each time.
  const payments = useMemo(() => news.events && paymentsOf(grant, news.events), [grant, news.events]);
  const subject = useMemo((): ChangeSubject => ({ kind: "session", grant }), [grant]);
  const isPaused = answer?.status.paused ?? false;
  return (
    <article className="card" aria-labelledby={id}>
      <div className="card__head">
        <h3 id={id}>{name === undefined ? "Unnamed session" : <ClaimedText text={name} marked />}</h3>
        <StateBadge state={state} />
      </div>
      <p role="status" className="state-sentence">
        {stateSentence(state, { now, startsAt: session.validAfter, timeText: clockText })}
      </p>
      <ChangeControl
        asked={asked}
        managed={managed}
        safe={news.safe}
        subject={subject}
        offers={sessionOffers(state, isPaused)}
        describes={id}
        over={over}
        isPaused={isPaused}
        answeredAt={news.answeredAt}
        onMined={onMined}
      />
      {session.budgets.map((budget, index) => (
        <BudgetMeter
          key={budget.token}
          carrier={grant}
          index={index}
          budget={budget}
          span={session.validUntil - session.validAfter}
          status={answer?.status.budgets[index]}
          events={news.events}
          facts={factsOf(budget.token)}
          hearing={over ? "last" : current ? "current" : "old"}
        />
      ))}
      <Rows>
        <Row term={state.kind === "expired" ? "Ended" : "Ends"}>
          <Moment at={session.validUntil} />
        </Row>
        <Row term="Time left">{over ? "none" : <TimeLeft until={session.validUntil} now={now} />}</Row>
        <Row term="Key's fingerprint">
          <span className="code code--small">{keyFingerprint(session.key)}</span>
        </Row>
      </Rows>
      <Disclosure summary="All limits">
        <LimitRows session={session} factsOf={factsOf} />
      </Disclosure>
      {session.budgets.map(({ token }) => (
        <SpendingChart
          key={token}
          payments={payments?.filter((one) => one.token === token)}
          facts={factsOf(token)}
          now={now}
        />
      ))}
      {news.eventsFailure !== undefined && (
        <p className="small quiet">The node did not return the latest payments. Retrying…</p>
      )}
      <PaymentList asked={asked} account={managed.account} payments={payments} factsOf={factsOf} />
    </article>
  );
}
