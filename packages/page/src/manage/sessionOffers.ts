import type { CardState } from "./CardState.ts";
import type { ChangeOffer } from "./ChangeOffer.ts";

const stop: ChangeOffer = {
  kind: "stop",
  label: "Stop now",
  look: "danger",
  does: "One tap. Takes effect once mined. Cannot be undone.",
};
const pause: ChangeOffer = {
  kind: "pause",
  label: "Pause",
  look: "secondary",
  does: "Your agent cannot spend until you resume it. The end date does not move, and settled payments are not reversed.",
};
const resume: ChangeOffer = {
  kind: "resume",
  label: "Resume",
  look: "secondary",
  does: "Your agent can spend again within the limits below. Payments it signed earlier can settle again.",
};

const ofWorking = [stop, pause];
const ofPaused = [stop, resume];
const ofOthers = [stop];

/**
 * The changes offered for a session. Referentially stable.
 *
 * @param isPaused As last read from the chain. A paused session is not offered a pause while the chain does not
 * respond.
 */
export const sessionOffers = (state: CardState, isPaused: boolean): readonly ChangeOffer[] =>
  state.kind === "notGranted" ? ofOthers : isPaused ? ofPaused : ofWorking;
