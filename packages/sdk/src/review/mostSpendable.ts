import { InvalidInput } from "../errors/InvalidInput.ts";
import { loggable } from "../errors/json.ts";
import { parseWhole } from "../internal/parseWhole.ts";
import type { Budget, Session } from "../session/Session.ts";

/**
 * Most that a budget lets a session spend from its first second to its last, over both rails together: in each period
 * what that period releases, also in a last one that the session's end cuts short.
 *
 * A stream has released `initial + perSecond × seconds`, at most `perPeriod`, and is last asked in the last second of
 * its period. Signed payments come out of the same amounts, so they add nothing.
 *
 * @returns How many periods the session has, and the most, in the token's base units.
 * @throws {InvalidInput} INVALID_INPUT; INVALID_TIME
 */
export function mostSpendable(
  session: Pick<Session, "validAfter" | "validUntil">,
  budget: Pick<Budget, "period" | "perPeriod" | "initial" | "perSecond">,
): { periods: bigint; most: bigint } {
  const validAfter = parseWhole(session.validAfter, "validAfter", 2 ** 48);
  const length = BigInt(parseWhole(session.validUntil, "validUntil", 2 ** 48) - validAfter);
  const period = parseWhole(budget.period, "period", 2 ** 32);
  const perPeriod = parseWhole(budget.perPeriod, "perPeriod", 1n << 128n);
  const initial = parseWhole(budget.initial, "initial", 1n << 128n);
  const perSecond = parseWhole(budget.perSecond, "perSecond", 1n << 128n);
  if (period === 0 || length <= 0n)
    throw new InvalidInput({
      code: "INVALID_TIME",
      shortMessage: "The session or its period has zero length.",
      metaMessages: ["Pass a session that ends after it starts, and a period of at least one second."],
    });
  const periods = (length + BigInt(period) - 1n) / BigInt(period);
  if (perSecond === 0n) return loggable({ periods, most: periods * perPeriod });
  const releasedIn = (seconds: bigint) => {
    const released = initial + perSecond * (seconds - 1n);
    return released < perPeriod ? released : perPeriod;
  };
  const last = length - (periods - 1n) * BigInt(period);
  return loggable({ periods, most: (periods - 1n) * releasedIn(BigInt(period)) + releasedIn(last) });
}
