/** Spending on one day in the user's time zone. */
export type DaySpending = {
  /** The day as `2026-11-22`. */
  day: string;
  /** Base units. */
  spent: bigint;
  payments: number;
};

/** A payment's time, in seconds of Unix time, and amount, in base units. */
export type DatedAmount = { timestamp: number; amount: bigint };

/** The day of a moment, as `2026-11-22`. @param at Unix time in seconds. */
function dayOf(at: number, timeZone: string | undefined): string {
  const parts = new Intl.DateTimeFormat("en", {
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    ...(timeZone ? { timeZone } : {}),
  }).formatToParts(new Date(at * 1000));
  const part = (type: "year" | "month" | "day") => parts.find((one) => one.type === type)?.value ?? "";
  return `${part("year")}-${part("month")}-${part("day")}`;
}

/**
 * Sums payments by calendar day in the user's time zone, including days without payments.
 *
 * @param payments In any order; earlier ones are omitted.
 * @param parameters.now Unix time in seconds; its day is the last one.
 * @param parameters.days Number of days.
 * @param parameters.timeZone Default: the device's time zone.
 * @returns Oldest first.
 */
export function spendingByDay(
  payments: readonly DatedAmount[],
  { now, days, timeZone }: { now: number; days: number; timeZone?: string },
): DaySpending[] {
  const byDay = new Map<string, { spent: bigint; payments: number }>();
  for (const { timestamp, amount } of payments) {
    const day = dayOf(timestamp, timeZone);
    const sums = byDay.get(day) ?? { spent: 0n, payments: 0 };
    byDay.set(day, { spent: sums.spent + amount, payments: sums.payments + 1 });
  }
  // Counted by calendar, since days are 23 or 25 hours long when clocks change.
  const today = Date.parse(`${dayOf(now, timeZone)}T00:00:00Z`);
  return Array.from({ length: days }, (_, index) => {
    const day = new Date(today - (days - 1 - index) * 86_400_000).toISOString().slice(0, 10);
    return { day, ...(byDay.get(day) ?? { spent: 0n, payments: 0 }) };
  });
}
