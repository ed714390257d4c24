import type { SessionStatus } from "@latchkey/sdk";

/** What the page has heard from the chain about a session. */
export type Hearing = {
  /**
   * The last answer, if there was one, and when it was asked for (this device's clock, milliseconds): it may be as old as
   * that.
   */
  answer: { status: SessionStatus; askedAt: number; granted: boolean } | undefined;
  /** Whether the last question failed. */
  failed: boolean;
  /** Whether the chain's latest block is so old that its node seems to have stopped following the chain. */
  lagging: boolean;
};

/** What a card says about its session. */
export type CardState =
  /** The first question is under way. */
  | { kind: "asking" }
  /** The chain does not answer. `since`: when it last did, milliseconds; undefined: never yet. */
  | { kind: "unknown"; since: number | undefined; lagging: boolean }
  | { kind: "active" }
  /** The account is not created, or the module not installed yet: somebody has to send the transactions. */
  | { kind: "waiting" }
  /** By the account, until it resumes the session. */
  | { kind: "paused" }
  | { kind: "notYetValid" }
  | { kind: "notGranted" }
  | { kind: "expired" }
  | { kind: "stopped" };

/** How long an answer counts, in milliseconds. After that a session is shown as unknown, never as active. */
export const ANSWER_COUNTS_FOR = 10_000;

/**
 * What a card may say now. A session that was stopped, or is over, stays so whatever the chain answers later; everything
 * else is said only while the answer is fresh.
 *
 * @param now This device's clock, milliseconds.
 * @param begunAt When the page began to ask, by the same clock.
 */
export function cardState(hearing: Hearing, now: number, begunAt: number): CardState {
  const { answer, failed, lagging } = hearing;
  const reasons = answer?.status.reasons ?? [];
  if (reasons.includes("REVOKED") || reasons.includes("WRONG_EPOCH")) return { kind: "stopped" };
  if (reasons.includes("EXPIRED")) return { kind: "expired" };
  if (!answer) {
    const isEarly = !failed && now - begunAt < ANSWER_COUNTS_FOR;
    return isEarly ? { kind: "asking" } : { kind: "unknown", since: undefined, lagging: false };
  }
  // A clock that was set back would make every answer look fresh.
  const age = now - answer.askedAt;
  if (failed || lagging || age > ANSWER_COUNTS_FOR || age < -ANSWER_COUNTS_FOR)
    return { kind: "unknown", since: answer.askedAt, lagging: lagging && !failed };
  if (reasons.includes("MODULE_NOT_ENABLED")) return { kind: "waiting" };
  // Resuming one that was never granted would let nobody spend.
  if (reasons.includes("PAUSED") && !reasons.includes("NOT_GRANTED")) return { kind: "paused" };
  if (reasons.includes("NOT_YET_VALID")) return { kind: "notYetValid" };
  if (reasons.includes("NOT_GRANTED") || !answer.granted) return { kind: "notGranted" };
  return answer.status.active
    ? { kind: "active" }
    : { kind: "unknown", since: answer.askedAt, lagging: false };
}

/** Whether nothing can make the session usable again: it needs no further question, and there is nothing to stop. */
export const isOver = (status: SessionStatus): boolean =>
  status.reasons.some((reason) => reason === "REVOKED" || reason === "WRONG_EPOCH" || reason === "EXPIRED");
