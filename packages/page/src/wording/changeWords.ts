import type { ChangeKind } from "../manage/SessionChange.ts";

/** How a change is described, before and after it takes effect. */
type ChangeWords = {
  made: string;
  notMade: string;
  /** What the agent can do until it takes effect. */
  meanwhile: string;
  /** The same, while it is pending. */
  untilMined: string;
};

const spends = "Your agent can still spend.";
const untilMined = "Your agent can spend until the transaction is mined.";

/** See {@link ChangeWords}. */
export const changeWords: Readonly<Record<ChangeKind, ChangeWords>> = {
  stop: { made: "it is stopped", notMade: "it is not stopped", meanwhile: spends, untilMined },
  pause: { made: "it is paused", notMade: "it is not paused", meanwhile: spends, untilMined },
  resume: {
    made: "it is resumed",
    notMade: "it is still paused",
    meanwhile: "Your agent still cannot spend.",
    untilMined: "Your agent can spend once the transaction is mined.",
  },
};
