import { timeLeftText } from "../ui/timeLeftText.ts";
import type { CardState } from "./CardState.ts";

/**
 * What a state means for the reader's money, in a sentence.
 *
 * @param state.since Milliseconds of this device's clock.
 * @param timeText Writes a clock time, for example `"14:03:12"`.
 */
export function stateSentence(
  state: CardState,
  { now, startsAt, timeText }: { now: number; startsAt: number; timeText: (milliseconds: number) => string },
): string {
  switch (state.kind) {
    case "asking":
      return "Asking the chain how this stands…";
    case "unknown":
      if (state.since === undefined) return "The chain does not answer. Your agent may be able to spend.";
      return state.lagging
        ? "Unknown: the chain's node is far behind, or this device's clock is wrong."
        : `Unknown since ${timeText(state.since)}. Your agent may be able to spend.`;
    case "active":
      return "Your agent can spend within the limits below.";
    case "waiting":
      return "Your agent can spend nothing until this account is set up on the chain.";
    case "paused":
      return "Your agent cannot spend until the account resumes it. To end it for good, use Stop.";
    case "notYetValid":
      return `Your agent can spend nothing yet: this begins in ${timeLeftText(startsAt - now / 1000)}.`;
    case "notGranted":
      return "Your agent can spend nothing: the account does not stand by this.";
    case "expired":
      return "It is over: your agent can spend nothing more by this.";
    case "stopped":
      return "Stopped for ever: your agent can spend nothing more by this.";
  }
}
