import { type ReactNode, useEffect, useId, useMemo } from "react";
import type { ChainSettings } from "../chain/ChainSettings.ts";
import type { AskedChain } from "../chain/PageChains.ts";
import { webAuthnFailure } from "../tap/passkeyFailure.ts";
import { Actions } from "../ui/Actions.tsx";
import { Button } from "../ui/Button.tsx";
import { CopyButton } from "../ui/CopyButton.tsx";
import { Status } from "../ui/Status.tsx";
import { TransactionLink } from "../ui/TransactionLink.tsx";
import { TransactionText } from "../ui/TransactionText.tsx";
import { useReveal } from "../ui/useReveal.ts";
import { changeWords } from "../wording/changeWords.ts";
import { FailureNotice, FailureState } from "../wording/FailureNotice.tsx";
import type { ChangeOffer } from "./ChangeOffer.ts";
import { type ChangeObstacle, type ChangePlan, planChange } from "./ChangePlan.ts";
import type { ManagedAccount } from "./ManagedAccount.ts";
import type { SafeStanding } from "./readSafe.ts";
import { type ChangeKind, type ChangeSubject, encodeChange } from "./SessionChange.ts";
import { type ChangePhase, useChanging } from "./useChanging.ts";

/**
 * The buttons to stop, pause or resume, their descriptions, and progress.
 *
 * @param props.subject Must be referentially stable.
 * @param props.offers Must be referentially stable while unchanged.
 * @param props.describes The id of the heading that names the subject: several buttons have the same label.
 * @param props.over Why nothing can be changed any more: only the outcome of a stop remains visible.
 * @param props.isPaused As last read from the chain.
 * @param props.answeredAt When the chain last responded, by this device's clock.
 */
export function ChangeControl({
  asked,
  managed,
  safe,
  subject,
  offers,
  describes,
  over,
  isPaused = false,
  answeredAt,
  onMined,
}: {
  asked: AskedChain;
  managed: ManagedAccount;
  safe: SafeStanding | undefined;
  subject: ChangeSubject;
  offers: readonly ChangeOffer[];
  describes: string;
  over: "stopped" | "expired" | undefined;
  isPaused?: boolean;
  answeredAt: number | undefined;
  onMined: () => void;
}) {
  const id = useId();
  const { phase, failure, begin, isOutdated, waiting, payers } = useChanging({
    asked,
    managed,
    subject,
    safe,
    over,
    answeredAt,
    onMined,
  });
  const { sharedSigner } = asked.settings;
  // Prepared before the click: browsers show a passkey prompt only in direct response to a click.
  const plans = useMemo(() => {
    const failure = webAuthnFailure();
    const planOf = (kind: ChangeKind): ChangePlan | ChangeObstacle =>
      failure
        ? { kind: "failure", failure }
        : planChange(managed, sharedSigner, encodeChange(subject, kind), isOutdated ? undefined : safe);
    return new Map(offers.map(({ kind }) => [kind, planOf(kind)]));
  }, [managed, sharedSigner, subject, offers, safe, isOutdated]);
  const obstacle = [...plans.values()].find((plan) => "kind" in plan);
  const of = phase.kind === "idle" ? undefined : phase.of;
  // A stop is final; the others may have been undone since, here or elsewhere.
  const isPast =
    of !== "stop" &&
    (over !== undefined ||
      (phase.kind === "mined" && (answeredAt ?? 0) > phase.at && isPaused !== (of === "pause")));
  const isTold = of !== undefined && !isPast;
  const outcome = useReveal<HTMLDivElement>(isTold && phase.kind);
  useEffect(() => {
    // The button disappears with the session: move the keyboard focus to the outcome.
    if (over && isTold) outcome.current?.focus();
  }, [over, isTold, outcome]);
  const isBusy = phase.kind === "passkey" || phase.kind === "sending" || phase.kind === "sent";
  // Nothing to do, and nothing was done here.
  if (over && !isTold) return null;
  // A later signature replaces a pending one. A stop must not be lost that way.
  const shown = phase.kind === "signed" && of === "stop" ? offers.filter(({ kind }) => kind === of) : offers;
  const isUnsent = phase.kind === "signed" && !over;
  const unsentText = JSON.stringify(waiting, undefined, 2);
  return (
    <div className="change">
      {!over && (
        <>
          <Actions>
            {shown.map(({ kind, label, look }) => {
              const plan = plans.get(kind);
              return (
                <Button
                  // Resume takes the place of Pause and keeps the focus.
                  key={String(kind === "stop")}
                  look={look}
                  busy={isBusy && of === kind}
                  disabled={isBusy || !plan || "kind" in plan}
                  aria-describedby={`${describes} ${id}${kind}`}
                  onClick={() => plan && "action" in plan && begin(kind, plan)}
                >
                  {label}
                </Button>
              );
            })}
          </Actions>
          {shown.map(({ kind, label, does }) => (
            <p className="small quiet" id={id + kind} key={kind}>
              {offers.length > 1 && <b>{label}: </b>}
              {does}
            </p>
          ))}
          {obstacle && <Obstacle obstacle={obstacle} subject={subject} offers={offers} />}
        </>
      )}
      <div ref={outcome} tabIndex={-1} className="stack stack--tight">
        <Status busy={isBusy}>{isTold && <Progress phase={phase} settings={asked.settings} />}</Status>
        {isUnsent && (
          <Actions>
            {payers.map(({ name, pay }) => (
              <Button key={name} onClick={pay}>
                {name}
              </Button>
            ))}
            <CopyButton label="Copy the transaction" text={unsentText} />
          </Actions>
        )}
      </div>
      {failure !== undefined && !over && <FailureNotice error={failure} />}
      {isUnsent && <TransactionText label="The signed transaction" text={unsentText} />}
    </div>
  );
}

function Progress({ phase, settings }: { phase: ChangePhase; settings: ChainSettings }): ReactNode {
  const { explorer, isLocal } = settings;
  if (phase.kind === "idle") return null;
  const { made, notMade, untilMined } = changeWords[phase.of];
  switch (phase.kind) {
    case "passkey":
      return "Waiting for your passkey…";
    case "signed":
      return `Signed but not sent: ${notMade}${
        phase.of === "resume"
          ? ". Send it when you are ready. "
          : ` yet. ${isLocal ? "It will be sent once the node responds. " : ""}`
      }Anyone can send it, from any account, with the same effect.`;
    case "sending":
      return phase.payer
        ? `Sending. Gas is paid by ${phase.payer}…`
        : "Signed. Looking for a wallet to pay for gas…";
    case "sent":
      return (
        <>
          Sent. {untilMined} <TransactionLink hash={phase.hash} explorer={explorer} />
        </>
      );
    case "mined":
      return (
        <>
          {phase.hash ? `Mined: ${made}. ` : `I${made.slice(1)}.`}
          {phase.hash && <TransactionLink hash={phase.hash} explorer={explorer} />}
        </>
      );
  }
}

function Obstacle({
  obstacle,
  subject,
  offers,
}: {
  obstacle: ChangeObstacle;
  subject: ChangeSubject;
  offers: readonly ChangeOffer[];
}) {
  switch (obstacle.kind) {
    case "asking":
      return <p className="small quiet">Available once the chain has responded.</p>;
    case "failure":
      return <FailureState error={obstacle.failure} />;
    case "unknownPasskey":
      return (
        <p className="small">
          This browser does not have this account's passkey. Add the account on the{" "}
          <a href="#start">start page</a> with “Use an existing passkey”.
        </p>
      );
    case "otherKind":
      return (
        <div className="stack stack--tight">
          <p className="small">
            This account is not a Safe. Send this call from the account, using the wallet that owns it:
          </p>
          {offers.map(({ kind, label }) => {
            const { to, data } = encodeChange(subject, kind);
            return (
              <TransactionText
                key={kind}
                label={`Call for “${label}”`}
                text={JSON.stringify({ to, data, value: "0x0" }, undefined, 2)}
              />
            );
          })}
        </div>
      );
  }
}
