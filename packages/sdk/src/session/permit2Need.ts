import type { Budget, Session } from "./Session.ts";

/**
 * Most that Permit2 could still take from a budget until its session ends: the limit of each period that is left, the
 * current one and a shorter last one included. A budget that is not a stream.
 *
 * @param parameters.now Seconds of Unix time. Default: before the start, so for the whole session.
 * @param parameters.used What Permit2 is known to have used of the current period.
 */
export function permit2Need(
  { validAfter, validUntil }: Pick<Session, "validAfter" | "validUntil">,
  { period, perPeriod }: Pick<Budget, "period" | "perPeriod">,
  { now = 0, used = 0n }: { now?: number; used?: bigint } = {},
): bigint {
  if (now >= validUntil) return 0n;
  const periods = Math.ceil((validUntil - validAfter) / period);
  const over = Math.max(Math.floor((now - validAfter) / period), 0);
  return BigInt(periods - over) * perPeriod - used;
}
