import type { Budget, Session } from "../Session.ts";

/**
 * Most that a budget lets a session spend from its first second to its last, over both rails together: in each period
 * what that period releases, also in a last one that the session's end cuts short.
 *
 * A stream has released `initial + perSecond × seconds`, at most `perPeriod`, and is last asked in the last second of
 * its period. Signed payments come out of the same amounts, so they add nothing.
 *
 * @returns How many periods the session has, and the most, in the token's base units.
 */
export function mostSpendable(
  session: Pick<Session, "validAfter" | "validUntil">,
  budget: Pick<Budget, "period" | "perPeriod" | "initial" | "perSecond">,
): { periods: bigint; most: bigint } {
  const { period, perPeriod, initial, perSecond } = budget;
  const length = BigInt(session.validUntil - session.validAfter);
  const periods = (length + BigInt(period) - 1n) / BigInt(period);
  if (perSecond === 0n) return { periods, most: periods * perPeriod };
  const releasedIn = (seconds: bigint) => {
    const released = initial + perSecond * (seconds - 1n);
    return released < perPeriod ? released : perPeriod;
  };
  const last = length - (periods - 1n) * BigInt(period);
  return { periods, most: (periods - 1n) * releasedIn(BigInt(period)) + releasedIn(last) };
}
