import type { BudgetStatus, SessionCarrier } from "@latchkey/sdk";
import type { SessionEvent } from "@latchkey/sdk/history";
import { spendMeter } from "@latchkey/sdk/history";

/** Where a budget stands in its current period. Base units. */
export type PeriodStanding = {
  limit: bigint;
  /** Paid, over both rails; undefined while the signed payments are not read. */
  spent: bigint | undefined;
  /** By the agent's own transactions. */
  executed: bigint;
  /** By signed payments that settled; undefined while they are not read. */
  settled: bigint | undefined;
  /** Taken out of the budget for signed payments, and not paid so far: only further signed payments can use it. */
  setAside: bigint | undefined;
  /** Available, for either rail. */
  left: bigint;
};

/**
 * Joins what the chain's state says of a budget with what its events say of the signed payments: the token alone
 * remembers those.
 *
 * @param status Of the budget, now.
 * @param events Undefined while they are not read, or where some may be missing.
 */
export function periodStanding(
  carrier: SessionCarrier,
  index: number,
  status: BudgetStatus,
  events: readonly SessionEvent[] | undefined,
): PeriodStanding {
  const { limit, spent: executed, opened, remaining: left, period } = status;
  // Where nothing is set aside, nothing was signed: the events have nothing to add.
  if (opened === 0n) return { limit, spent: executed, executed, settled: 0n, setAside: 0n, left };
  if (!events) return { limit, spent: undefined, executed, settled: undefined, setAside: undefined, left };
  const settled =
    spendMeter(carrier, events)[index]?.periods.find((one) => one.period === period)?.settled ?? 0n;
  const setAside = opened > settled ? opened - settled : 0n;
  return { limit, spent: executed + settled, executed, settled, setAside, left };
}
