import { timeLeftText } from "../ui/timeLeftText.ts";
import type { CardState } from "./CardState.ts";

/**
 * What a state means for the user's money, in one sentence.
 *
 * @param state.since Milliseconds, by this device's clock.
 * @param timeText Formats a clock time, for example `"14:03:12"`.
 */
export function stateSentence(
  state: CardState,
  { now, startsAt, timeText }: { now: number; startsAt: number; timeText: (milliseconds: number) => string },
): string {
  switch (state.kind) {
    case "asking":
      return "Loading the current state…";
    case "unknown":
      if (state.since === undefined) return "The node does not respond. Your agent may be able to spend.";
      return state.lagging
        ? "Unknown: the node is far behind, or this device's clock is wrong."
        : `Unknown since ${timeText(state.since)}. Your agent may be able to spend.`;
    case "active":
      return "Your agent can spend within the limits below.";
    case "waiting":
      return "Your agent cannot spend until this account is set up on chain.";
    case "paused":
      return "Paused. Your agent cannot spend until you resume it. To end it permanently, use Stop.";
    case "notYetValid":
      return `Not started. Your agent cannot spend for another ${timeLeftText(startsAt - now / 1000)}.`;
    case "notGranted":
      return "The account has not approved this. Your agent cannot spend.";
    case "expired":
      return "Expired. Your agent can no longer spend.";
    case "stopped":
      return "Permanently stopped. Your agent can no longer spend.";
  }
}
