import { type ReactNode, useEffect, useMemo, useState } from "react";
import { useChains } from "../chain/PageChains.ts";
import { DeclinedScreen } from "../handback/DeclinedScreen.tsx";
import { DoneScreen } from "../handback/DoneScreen.tsx";
import { type ReviewOutcome, ReviewScreen } from "../review/ReviewScreen.tsx";
import { Screen } from "../ui/Screen.tsx";
import { FailureNotice } from "../wording/FailureNotice.tsx";
import { PageFailure } from "../wording/PageFailure.ts";
import { readRequest } from "./readRequest.ts";

/**
 * A request, from its link to its response.
 *
 * @param props.text The URL's fragment.
 * @param props.isCovered Whether another screen covers this one.
 * @param props.onReview Called with whether this request is being shown and is unanswered.
 */
export function RequestScreen({
  text,
  isCovered,
  onReview,
}: {
  text: string;
  isCovered: boolean;
  onReview: (isOpen: boolean) => void;
}): ReactNode {
  const chains = useChains();
  const [outcome, setOutcome] = useState<ReviewOutcome>();
  const reading = useMemo(() => {
    try {
      return { read: readRequest(text) };
    } catch (failure) {
      return { failure };
    }
  }, [text]);
  const asked = chains.find(({ settings }) => settings.id === reading.read?.chainId);
  const isOpen = reading.read !== undefined && asked !== undefined && outcome === undefined;
  useEffect(() => onReview(isOpen), [onReview, isOpen]);
  if (!reading.read || !asked)
    return (
      <Screen name="This request cannot be shown" title="This request cannot be shown">
        <FailureNotice
          error={
            reading.failure ??
            new PageFailure("CHAIN_NOT_LISTED", { chainId: String(reading.read?.chainId ?? "?") })
          }
        />
        <p>
          <a href="#start">Go to the start</a>
        </p>
      </Screen>
    );
  const { request } = reading.read;
  if (outcome?.status === "granted")
    return <DoneScreen request={request} outcome={outcome} chain={asked.settings.name} />;
  if (outcome?.status === "declined") return <DeclinedScreen request={request} />;
  return <ReviewScreen read={reading.read} asked={asked} isCovered={isCovered} onEnd={setOutcome} />;
}
