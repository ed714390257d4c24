import type { EncodedCall } from "@latchkey/sdk";
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
import { FailureNotice, FailureState } from "../wording/FailureNotice.tsx";
import type { ManagedAccount } from "./ManagedAccount.ts";
import type { SafeStanding } from "./readSafe.ts";
import { planStop, type StopObstacle, type StopPlan } from "./StopPlan.ts";
import type { StopTarget } from "./StopTarget.ts";
import { type StopPhase, useStopping } from "./useStopping.ts";

/**
 * The button that takes something back, what it does, and how far it has come.
 *
 * @param props.label The button's name.
 * @param props.describes The id of the heading that says what is stopped: several buttons have the same name.
 * @param props.call What the account is to call.
 * @param props.target What that stops.
 * @param props.over Why there is nothing to stop any more: then only the outcome stays.
 * @param props.answeredAt When the chain answered last, by this device's clock.
 * @param props.children What the button does, beside it.
 */
export function StopControl({
  asked,
  managed,
  safe,
  call,
  target,
  label,
  describes,
  look,
  over,
  answeredAt,
  onMined,
  children,
}: {
  asked: AskedChain;
  managed: ManagedAccount;
  safe: SafeStanding | undefined;
  call: EncodedCall;
  target: StopTarget;
  label: string;
  describes: string;
  look: "danger" | "danger-quiet";
  over: "stopped" | "expired" | undefined;
  answeredAt: number | undefined;
  onMined: () => void;
  children: ReactNode;
}) {
  const id = useId();
  const { phase, failure, begin, isOutdated, waiting, payers } = useStopping({
    asked,
    managed,
    target,
    call,
    safe,
    over,
    answeredAt,
    onMined,
  });
  const { sharedSigner } = asked.settings;
  // Ready before the click: browsers show a passkey's prompt only as the click's direct answer.
  const plan = useMemo((): StopPlan | StopObstacle => {
    const failure = webAuthnFailure();
    return failure
      ? { kind: "failure", failure }
      : planStop(managed, sharedSigner, call, isOutdated ? undefined : safe);
  }, [managed, sharedSigner, call, safe, isOutdated]);
  const isBegun = phase.kind !== "idle";
  const outcome = useReveal<HTMLDivElement>(isBegun && phase.kind);
  useEffect(() => {
    // The button goes away with the session: whoever pressed it by the keyboard is led to what came of it.
    if (over && isBegun) outcome.current?.focus();
  }, [over, isBegun, outcome]);
  const isBusy = phase.kind === "passkey" || phase.kind === "sending" || phase.kind === "sent";
  // Nothing is left to do, and nothing was done here.
  if (over && !isBegun) return null;
  return (
    <div className="stop">
      {!over && (
        <>
          <Actions>
            <Button
              look={look}
              busy={isBusy}
              disabled={"kind" in plan}
              aria-describedby={`${describes} ${id}`}
              onClick={() => "action" in plan && begin(plan)}
            >
              {label}
            </Button>
          </Actions>
          <p className="small quiet" id={id}>
            {children}
          </p>
          {"kind" in plan && <Obstacle obstacle={plan} call={call} />}
        </>
      )}
      <div ref={outcome} tabIndex={-1}>
        <Status busy={isBusy}>
          <Progress phase={phase} settings={asked.settings} />
        </Status>
      </div>
      {failure !== undefined && !over && <FailureNotice error={failure} />}
      {phase.kind === "signed" && !over && (
        <div className="stack">
          <Actions>
            {payers.map(({ name, pay }) => (
              <Button key={name} onClick={pay}>
                {name}
              </Button>
            ))}
            <CopyButton label="Copy the transaction" text={JSON.stringify(waiting, undefined, 2)} />
          </Actions>
          <TransactionText label="The signed transaction" text={JSON.stringify(waiting, undefined, 2)} />
        </div>
      )}
    </div>
  );
}

function Progress({ phase, settings }: { phase: StopPhase; settings: ChainSettings }) {
  const { explorer, isLocal } = settings;
  switch (phase.kind) {
    case "idle":
      return null;
    case "passkey":
      return "Waiting for your passkey…";
    case "signed":
      return `Signed, and not sent: it is not stopped yet. ${isLocal ? "It is sent as soon as the chain answers. " : ""}Anyone can send it from any account: it does the same whoever pays the gas.`;
    case "sending":
      return `Sending. The gas is paid by ${phase.payer}…`;
    case "sent":
      return (
        <>
          Sent. Your agent can spend until it is mined.{" "}
          <TransactionLink hash={phase.hash} explorer={explorer} />
        </>
      );
    case "mined":
      return (
        <>
          {phase.hash ? "Mined: it is stopped. " : "It is stopped."}
          {phase.hash && <TransactionLink hash={phase.hash} explorer={explorer} />}
        </>
      );
  }
}

function Obstacle({ obstacle, call }: { obstacle: StopObstacle; call: EncodedCall }) {
  switch (obstacle.kind) {
    case "asking":
      return <p className="small quiet">This works as soon as the chain has answered.</p>;
    case "failure":
      return <FailureState error={obstacle.failure} />;
    case "unknownPasskey":
      return (
        <p className="small">
          This browser does not know the account's passkey. Add the account on the{" "}
          <a href="#start">start page</a> with “Use a passkey you have”.
        </p>
      );
    case "otherKind":
      return (
        <div className="stack stack--tight">
          <p className="small">
            This account is not a Safe. Have the wallet that owns it make the account send this call:
          </p>
          <TransactionText
            label="The call that stops it"
            text={JSON.stringify({ to: call.to, data: call.data, value: "0x0" }, undefined, 2)}
          />
        </div>
      );
  }
}
