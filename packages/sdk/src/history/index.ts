export { type ListedSession, listSessions } from "./listSessions.ts";
export type { Occurrence, SessionEvent } from "./SessionEvent.ts";
export { type HistorySubject, type SessionHistory, sessionHistory } from "./sessionHistory.ts";
export { type BudgetSpending, type PeriodSpending, spendMeter } from "./spendMeter.ts";
