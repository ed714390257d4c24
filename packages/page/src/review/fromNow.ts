import { type BudgetReview, mostSpendable } from "@latchkey/sdk/review";

/** What is left of a budget's time, whenever the session began. */
export type FromNow = {
  /** Periods that are still to come, the one that runs included. */
  periods: bigint;
  /** Most that can still be spent of an unused budget, in base units. */
  most: bigint;
  /** When the next period begins, in seconds of Unix time; undefined where the session ends first. */
  nextReset: number | undefined;
};

/**
 * The part of a budget that still counts: a request may name a start long ago, and the periods since then are gone, as
 * nobody could spend in them.
 *
 * @param window Of the session, in seconds of Unix time.
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
