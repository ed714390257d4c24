import type { BudgetStatus, SessionCarrier } from "@latchkey/sdk";
import type { SessionEvent } from "@latchkey/sdk/history";
import { spendMeter } from "@latchkey/sdk/history";

/** A budget's state in its current period, in base units. */
export type PeriodStanding = {
  limit: bigint;
  /** Paid over both rails; undefined until the signed payments are read. */
  spent: bigint | undefined;
  /** Paid by the agent's own transactions. */
  executed: bigint;
  /** Paid by signed payments that settled; undefined until they are read. */
  settled: bigint | undefined;
  /** Reserved for signed payments and not yet paid: only further signed payments can use it. */
  setAside: bigint | undefined;
  /** Available to either rail. */
  left: bigint;
};

/**
 * Combines a budget's on-chain state with its events: only the token records signed payments.
 *
 * @param status The budget's current status.
 * @param events Undefined until they are read, or if some may be missing.
 */
export function periodStanding(
  carrier: SessionCarrier,
  index: number,
  status: BudgetStatus,
  events: readonly SessionEvent[] | undefined,
): PeriodStanding {
  const { limit, spent: executed, opened, remaining: left, period } = status;
  // If nothing is reserved, nothing was signed, and the events add nothing.
  if (opened === 0n) return { limit, spent: executed, executed, settled: 0n, setAside: 0n, left };
  if (!events) return { limit, spent: undefined, executed, settled: undefined, setAside: undefined, left };
  const settled =
    spendMeter(carrier, events)[index]?.periods.find((one) => one.period === period)?.settled ?? 0n;
  const setAside = opened > settled ? opened - settled : 0n;
  return { limit, spent: executed + settled, executed, settled, setAside, left };
}
