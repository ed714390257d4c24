import type { Budget } from "./Session.ts";

/**
 * After how many seconds a period has released an amount. All of it is there at once, unless the budget is a stream.
 *
 * @returns Undefined if a period never releases that much.
 */
export function secondsUntilReleased(
  { perPeriod, period, initial, perSecond }: Pick<Budget, "perPeriod" | "period" | "initial" | "perSecond">,
  amount: bigint,
): number | undefined {
  if (amount > perPeriod) return undefined;
  if (perSecond === 0n || amount <= initial) return 0;
  const seconds = (amount - initial + perSecond - 1n) / perSecond;
  return seconds < BigInt(period) ? Number(seconds) : undefined;
}
