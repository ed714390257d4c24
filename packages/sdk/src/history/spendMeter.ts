import { type Address, isAddressEqual } from "viem";
import { loggable } from "../errors/json.ts";
import type { SessionCarrier } from "../grant/SessionCarrier.ts";
import { sessionIn } from "../grant/sessionIn.ts";
import { parseList } from "../internal/parseList.ts";
import { hashSession } from "../session/hashSession.ts";
import type { SessionEvent } from "./SessionEvent.ts";

/** Spending of one period of a budget. Amounts in base units, times in seconds of Unix time. */
export type PeriodSpending = {
  /** Number of the period, from 0. */
  period: bigint;
  startsAt: number;
  /** First second after it. */
  endsAt: number;
  /** By execution, and by userOps charged in validation, even if their transfer failed afterwards. */
  executed: bigint;
  /** By signed payments that settled; of one whose amount is not known, what it reserved. */
  settled: bigint;
  /** What the signed payments that settled used up of the limit: their slots' and nodes' worth, `settled` or more. */
  reserved: bigint;
  /** `executed` and `settled`: never above `limit`. */
  spent: bigint;
  limit: bigint;
};

/** Spending of a budget by period; periods without a payment are omitted. */
export type BudgetSpending = {
  token: Address;
  /** In all, over the periods below. */
  spent: bigint;
  /** How many executions and signed payments. */
  payments: number;
  periods: readonly PeriodSpending[];
};

/**
 * The spend meter of a session: what it paid, by budget and period, both rails together. A pure function of a history:
 * `spendMeter(grant, (await sessionHistory(client, { grant, fromBlock })).events)`. It shows what was paid; what is available
 * is in {@link sessionStatus}, as a signed payment reserves its whole lot of the budget. A userOp that was
 * charged in its validation counts as paid, as it does on the chain; the token's events show whether its transfer succeeded.
 *
 * @param events From {@link sessionHistory}; those of other sessions are ignored.
 * @returns One entry for each of the session's budgets, in their order.
 */
export function spendMeter(
  grant: Pick<SessionCarrier, "session">,
  events: readonly SessionEvent[],
): BudgetSpending[] {
  const session = sessionIn(grant);
  const id = hashSession(session);
  const spending = session.budgets.map((budget): BudgetSpending => {
    const periods = new Map<bigint, { executed: bigint; settled: bigint; reserved: bigint }>();
    let payments = 0;
    for (const event of parseList(events, "events", (one) => one)) {
      if (event.type !== "executed" && event.type !== "settled") continue;
      if (event.id !== id || !isAddressEqual(event.token, budget.token)) continue;
      const sums = periods.get(event.period) ?? { executed: 0n, settled: 0n, reserved: 0n };
      payments++;
      if (event.type === "executed") sums.executed += event.amount;
      else {
        sums.settled += event.amount ?? event.reserved;
        sums.reserved += event.reserved;
      }
      periods.set(event.period, sums);
    }
    const spent = [...periods.values()].reduce((sum, one) => sum + one.executed + one.settled, 0n);
    return {
      token: budget.token,
      spent,
      payments,
      periods: [...periods]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([period, { executed, settled, reserved }]) => {
          const startsAt = session.validAfter + Number(period) * budget.period;
          return {
            period,
            startsAt,
            endsAt: Math.min(startsAt + budget.period, session.validUntil),
            executed,
            settled,
            reserved,
            spent: executed + settled,
            limit: budget.perPeriod,
          };
        }),
    };
  });
  return loggable(spending);
}
