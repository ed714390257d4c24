import type { ActionReview, SessionReview, TokenFacts } from "@latchkey/sdk/review";
import { isAddressEqual } from "viem";
import { fromNow } from "./fromNow.ts";
import { isBeyondAll } from "./isBeyondAll.ts";

/** Something that the reader must not overlook. Codes are stable; the words belong to {@link warningWords}. */
export type ReviewWarning =
  | { code: "UNLIMITED"; symbols: readonly string[] }
  | { code: "NEVER_ENDING"; years: number }
  | { code: "LONG"; days: number }
  | { code: "UNKNOWN_TOKEN"; symbols: readonly string[] }
  | { code: "ANYONE"; symbols: readonly string[] }
  /** One of each call: with free arguments, or under conditions. `facts`: where its target is a token that is vouched for. */
  | { code: "ANY_ARGUMENTS" | "CALLS"; action: ActionReview; facts: TokenFacts | undefined };

const DAY = 86_400;

/**
 * What stands out in a session: limits that limit nothing, ends that never come, tokens and payees that nobody vouches for.
 *
 * @param review Of the very session that is to be signed.
 * @param now Unix time in seconds.
 * @param vouched Tokens that the page knows, also those that have no budget.
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
