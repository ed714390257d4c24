import type { SessionReview } from "@latchkey/sdk";
import { fromNow } from "./fromNow.ts";
import { isBeyondAll } from "./isBeyondAll.ts";

/** Something that the reader must not overlook. Codes are stable; the words belong to {@link warningWords}. */
export type ReviewWarning =
  | { code: "UNLIMITED"; symbols: readonly string[] }
  | { code: "NEVER_ENDING"; years: number }
  | { code: "LONG"; days: number }
  | { code: "UNKNOWN_TOKEN"; symbols: readonly string[] }
  | { code: "ANYONE"; symbols: readonly string[] }
  | { code: "ANY_ARGUMENTS" }
  | { code: "CALLS" };

const DAY = 86_400;

/**
 * What stands out in a session: limits that limit nothing, ends that never come, tokens and payees that nobody vouches for.
 *
 * @param review Of the very session that is to be signed.
 * @param now Unix time in seconds.
 */
export function reviewWarnings(review: SessionReview, now: number): ReviewWarning[] {
  const warnings: ReviewWarning[] = [];
  const symbolsOf = (budgets: SessionReview["budgets"]) => budgets.map(({ symbol }) => symbol);
  const unlimited = review.budgets.filter((budget) =>
    isBeyondAll(fromNow(budget, review, now).most, budget.decimals),
  );
  if (unlimited.length > 0) warnings.push({ code: "UNLIMITED", symbols: symbolsOf(unlimited) });
  const days = Math.round((review.validUntil - now) / DAY);
  if (days > 366) warnings.push({ code: "NEVER_ENDING", years: Math.min(100, Math.floor(days / 365)) });
  else if (days > 92) warnings.push({ code: "LONG", days });
  const unknown = review.budgets.filter(({ known }) => !known);
  if (unknown.length > 0) warnings.push({ code: "UNKNOWN_TOKEN", symbols: symbolsOf(unknown) });
  const anyone = review.budgets.filter(({ recipients }) => recipients === "anyone");
  if (anyone.length > 0) warnings.push({ code: "ANYONE", symbols: symbolsOf(anyone) });
  if (review.actions.some(({ conditions }) => conditions.length === 0))
    warnings.push({ code: "ANY_ARGUMENTS" });
  else if (review.actions.length > 0) warnings.push({ code: "CALLS" });
  return warnings;
}
