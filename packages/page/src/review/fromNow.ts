import { type BudgetReview, mostSpendable } from "@latchkey/sdk/review";

/** What remains of a budget from now on, whenever the session started. */
export type FromNow = {
  /** Remaining periods, including the current one. */
  periods: bigint;
  /** Maximum that can still be spent from an unused budget, in base units. */
  most: bigint;
  /** When the next period starts, in seconds of Unix time; undefined if the session ends first. */
  nextReset: number | undefined;
};

/**
 * The part of a budget that still counts: a request may name a start in the past, and nobody can spend in the periods
 * since then.
 *
 * @param window The session's, in seconds of Unix time.
 * @param now Seconds of Unix time.
 */
export function fromNow(
  budget: Pick<BudgetReview, "period" | "perPeriod" | "stream">,
  window: { validAfter: number; validUntil: number },
  now: number,
): FromNow {
  const { period, perPeriod, stream } = budget;
  const { validAfter, validUntil } = window;
  const gone = Math.max(0, Math.floor((Math.min(now, validUntil - 1) - validAfter) / period));
  const begun = validAfter + gone * period;
  const { periods, most } = mostSpendable(
    { validAfter: begun, validUntil },
    { period, perPeriod, initial: stream?.initial ?? 0n, perSecond: stream?.perSecond ?? 0n },
  );
  return { periods, most, nextReset: begun + period < validUntil ? begun + period : undefined };
}
