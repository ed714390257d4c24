export { describeSession } from "./describeSession.ts";
export { formatSpan } from "./formatSpan.ts";
export { mostSpendable } from "./mostSpendable.ts";
export { reviewSession } from "./reviewSession.ts";
export type { ActionReview, BudgetReview, SessionReview, UnenforcedLimit } from "./SessionReview.ts";
export type { TokenFacts } from "./TokenFacts.ts";
