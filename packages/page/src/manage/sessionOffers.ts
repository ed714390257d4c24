import type { CardState } from "./CardState.ts";
import type { ChangeOffer } from "./ChangeOffer.ts";

const stop: ChangeOffer = {
  kind: "stop",
  label: "Stop now",
  look: "danger",
  does: "One tap. It takes effect once mined, and cannot be undone.",
};
const pause: ChangeOffer = {
  kind: "pause",
  label: "Pause",
  look: "secondary",
  does: "Not a stop: your agent can pay nothing until you resume it. Time goes on; settled payments stay.",
};
const resume: ChangeOffer = {
  kind: "resume",
  label: "Resume",
  look: "secondary",
  does: "Your agent can spend again within the limits below, also by what it signed before.",
};

const ofWorking = [stop, pause];
const ofPaused = [stop, resume];
const ofOthers = [stop];

/**
 * What the reader can do to a session: the same object each time.
 *
 * @param isPaused As the chain said it last. A session that is paused while the chain is silent is not paused twice.
 */
export const sessionOffers = (state: CardState, isPaused: boolean): readonly ChangeOffer[] =>
  state.kind === "notGranted" ? ofOthers : isPaused ? ofPaused : ofWorking;
