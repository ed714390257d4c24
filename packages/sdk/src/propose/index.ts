export { createAction } from "./createAction.ts";
export { createSession, type SessionContext } from "./createSession.ts";
export { defaultSlotSizes } from "./defaultSlotSizes.ts";
export { proposeSession } from "./proposeSession.ts";
export type {
  ActionRequest,
  BudgetRequest,
  BudgetRequests,
  Comparable,
  Condition,
  Limit,
  SessionRequest,
  TokenBudgetRequest,
  TypicalPayments,
} from "./SessionRequest.ts";
