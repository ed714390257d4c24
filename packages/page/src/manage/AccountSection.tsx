import { useId, useMemo } from "react";
import type { AskedChain } from "../chain/PageChains.ts";
import { AddressText } from "../ui/AddressText.tsx";
import { Notice } from "../ui/Notice.tsx";
import { Status } from "../ui/Status.tsx";
import { useNow } from "../ui/useNow.ts";
import { FailureState } from "../wording/FailureNotice.tsx";
import { CardBoundary } from "./CardBoundary.tsx";
import { ChangeControl } from "./ChangeControl.tsx";
import type { ChangeOffer } from "./ChangeOffer.ts";
import type { ManagedAccount } from "./ManagedAccount.ts";
import { SessionCard } from "./SessionCard.tsx";
import type { ChangeSubject } from "./SessionChange.ts";
import { useAccountWatch } from "./useAccountWatch.ts";
import { isWrongChain } from "./watchAccount.ts";

/** How long cards wait for the chain's first responses, in milliseconds. */
const HOLD = 2500;

const offers: readonly ChangeOffer[] = [
  {
    kind: "stop",
    label: "Stop everything",
    look: "danger-quiet",
    does: "Stops every session this account ever allowed with Latchkey, including those not shown here. Takes effect once mined. Cannot be undone.",
  },
];

/** An account, its sessions, and the button that stops all of them. */
export function AccountSection({ asked, managed }: { asked: AskedChain; managed: ManagedAccount }) {
  const id = useId();
  const now = useNow();
  const { news, askNow } = useAccountWatch(managed, asked);
  const { account, module } = managed;
  const everything = useMemo(
    (): ChangeSubject => ({ kind: "everything", account, module }),
    [account, module],
  );
  const isHeard = news.events !== undefined && news.sessions.every(({ id: one }) => news.answers.has(one));
  // Cards that filled in one by one would move under the user's finger. After this delay they are shown as they are.
  const isReady = isHeard || news.failure !== undefined || now - news.begunAt > HOLD;
  return (
    <section className="account" aria-labelledby={id}>
      <div className="account__head">
        <h2 id={id}>Account on {asked.settings.name}</h2>
        <AddressText address={account} />
      </div>
      {isWrongChain(news.failure) && <FailureState error={news.failure} />}
      {!isReady && <Status busy>Loading…</Status>}
      {isReady && news.sessions.length === 0 && (
        <Notice>
          <p>
            {news.events
              ? "No sessions found for this account, in this browser or in the blocks searched."
              : news.failure
                ? "This browser has no sessions for this account, and the node does not respond."
                : "This browser has no sessions for this account. Searching the chain…"}
          </p>
        </Notice>
      )}
      {isReady &&
        news.sessions.map((known) => (
          <CardBoundary
            key={known.id}
            title="This session cannot be shown. Your agent may be able to spend with it."
          >
            <SessionCard
              asked={asked}
              managed={managed}
              known={known}
              news={news}
              now={now}
              onMined={askNow}
            />
          </CardBoundary>
        ))}
      {isReady && (
        <ChangeControl
          asked={asked}
          managed={managed}
          safe={news.safe}
          subject={everything}
          offers={offers}
          describes={id}
          over={undefined}
          answeredAt={news.answeredAt}
          onMined={askNow}
        />
      )}
    </section>
  );
}
