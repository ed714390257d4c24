import type { ActionReview, SessionReview, TokenFacts } from "@latchkey/sdk/review";
import { isAddressEqual } from "viem";
import { fromNow } from "./fromNow.ts";
import { isBeyondAll } from "./isBeyondAll.ts";

/** Something the user must not overlook. Codes are stable; {@link warningWords} has the text. */
export type ReviewWarning =
  | { code: "UNLIMITED"; symbols: readonly string[] }
  | { code: "NEVER_ENDING"; years: number }
  | { code: "LONG"; days: number }
  | { code: "UNKNOWN_TOKEN"; symbols: readonly string[] }
  | { code: "ANYONE"; symbols: readonly string[] }
  /** One per call: with any arguments, or under conditions. `facts`: set if its target is a token the page vouches for. */
  | { code: "ANY_ARGUMENTS" | "CALLS"; action: ActionReview; facts: TokenFacts | undefined };

const DAY = 86_400;

/**
 * What needs attention in a session: ineffective limits, distant end dates, unknown tokens and unrestricted recipients.
 *
 * @param review Of the exact session that will be signed.
 * @param now Unix time in seconds.
 * @param vouched Tokens the page knows, including those without a budget.
 */
export function reviewWarnings(
  review: SessionReview,
  now: number,
  vouched: readonly TokenFacts[] = [],
): ReviewWarning[] {
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
  for (const action of review.actions) {
    const facts = vouched.find(({ token }) => isAddressEqual(token, action.target));
    warnings.push({ code: action.anyArguments ? "ANY_ARGUMENTS" : "CALLS", action, facts });
  }
  return warnings;
}
