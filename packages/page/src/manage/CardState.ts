import type { SessionStatus } from "@latchkey/sdk";

/** What the page has read from the chain about a session. */
export type Hearing = {
  /**
   * The last response, if any, and when it was requested (this device's clock, milliseconds): its data may be that old.
   */
  answer: { status: SessionStatus; askedAt: number; granted: boolean } | undefined;
  /** Whether the last request failed. */
  failed: boolean;
  /** Whether the latest block is so old that the node appears to have stopped syncing. */
  lagging: boolean;
};

/** The state a card shows. */
export type CardState =
  /** The first request is pending. */
  | { kind: "asking" }
  /** The chain does not respond. `since`: when it last did, in milliseconds; undefined if it never has. */
  | { kind: "unknown"; since: number | undefined; lagging: boolean }
  | { kind: "active" }
  /** The account does not exist or the module is not installed yet: the transactions have to be sent. */
  | { kind: "waiting" }
  /** Paused by the account, until it resumes the session. */
  | { kind: "paused" }
  | { kind: "notYetValid" }
  | { kind: "notGranted" }
  | { kind: "expired" }
  | { kind: "stopped" };

/** How long a response is current, in milliseconds. After that, a session is shown as unknown, never as active. */
export const ANSWER_COUNTS_FOR = 10_000;

/**
 * The state a card may show now. A stopped or expired session stays so, whatever the chain returns later; any other
 * state is shown only while the response is fresh.
 *
 * @param now This device's clock, milliseconds.
 * @param begunAt When the page sent its first request, by the same clock.
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
  // A clock that was set back would make every response look fresh.
  const age = now - answer.askedAt;
  if (failed || lagging || age > ANSWER_COUNTS_FOR || age < -ANSWER_COUNTS_FOR)
    return { kind: "unknown", since: answer.askedAt, lagging: lagging && !failed };
  if (reasons.includes("MODULE_NOT_ENABLED")) return { kind: "waiting" };
  // Resuming a session that was never granted would have no effect.
  if (reasons.includes("PAUSED") && !reasons.includes("NOT_GRANTED")) return { kind: "paused" };
  if (reasons.includes("NOT_YET_VALID")) return { kind: "notYetValid" };
  if (reasons.includes("NOT_GRANTED") || !answer.granted) return { kind: "notGranted" };
  return answer.status.active
    ? { kind: "active" }
    : { kind: "unknown", since: answer.askedAt, lagging: false };
}

/** Whether the session can never be used again: it needs no further requests, and there is nothing to stop. */
export const isOver = (status: SessionStatus): boolean =>
  status.reasons.some((reason) => reason === "REVOKED" || reason === "WRONG_EPOCH" || reason === "EXPIRED");
