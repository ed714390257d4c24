import type { TokenFacts } from "@latchkey/sdk/review";
import { amountText } from "../ui/amountText.ts";
import { Disclosure } from "../ui/Disclosure.tsx";
import { type DatedAmount, spendingByDay } from "./spendingByDay.ts";

/** Number of days shown. */
const DAYS = 14;
/** SVG units: a day is ten wide. */
const HEIGHT = 60;

/** `2026-11-22` in the user's format, without the year. */
const dayText = (day: string) =>
  new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" }).format(new Date(day));

/**
 * Spending over the last two weeks, one bar per day in the user's time zone, and the same as a table.
 *
 * @param props.payments Payments in one token. Undefined until they are read.
 * @param props.now Milliseconds.
 */
export function SpendingChart({
  payments,
  facts,
  now,
}: {
  payments: readonly DatedAmount[] | undefined;
  facts: TokenFacts | undefined;
  now: number;
}) {
  const days = spendingByDay(payments ?? [], { now: now / 1000, days: DAYS });
  const highest = days.reduce((most, { spent }) => (spent > most ? spent : most), 0n);
  const heightOf = (spent: bigint) =>
    highest === 0n || spent === 0n ? 0 : Math.max(2, Number((spent * BigInt(HEIGHT)) / highest));
  const total = days.reduce((sum, { spent }) => sum + spent, 0n);
  const caption = payments ? `${amountText(total, facts)} in ${DAYS} days` : "Loading payments…";
  const first = days[0]?.day ?? "";
  const last = days.at(-1)?.day ?? "";
  return (
    <figure className="chart">
      <figcaption className="card__head">
        <h4>Spending by day</h4>
        <span className="quiet small number">{caption}</span>
      </figcaption>
      <svg
        viewBox={`0 0 ${DAYS * 10} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`Bars of spending by day from ${dayText(first)} to ${dayText(last)}: ${caption}. The table below says the same.`}
      >
        {days.map(({ day, spent }, index) => {
          const height = heightOf(spent);
          return (
            <rect
              key={day}
              className={height === 0 ? "chart__none" : "chart__bar"}
              x={index * 10 + 1.5}
              y={HEIGHT - Math.max(height, 1)}
              width="7"
              height={Math.max(height, 1)}
            />
          );
        })}
      </svg>
      <div className="chart__days" aria-hidden="true">
        <span>{dayText(first)}</span>
        <span>{dayText(last)}</span>
      </div>
      <Disclosure summary="Spending by day as a table">
        <table>
          <thead>
            <tr>
              <th scope="col">Day</th>
              <th scope="col">Payments</th>
              <th scope="col" className="column-amount">
                Spent
              </th>
            </tr>
          </thead>
          <tbody>
            {days.map(({ day, spent, payments: count }) => (
              <tr key={day}>
                <th scope="row">{dayText(day)}</th>
                <td>{count}</td>
                <td className="column-amount">{amountText(spent, facts)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Disclosure>
    </figure>
  );
}
