/** What an agent does with its key: pay, execute, pay by x402, check its session. */
export { type BudgetSummary, budgetSummary, type SettledSpending } from "./budgetSummary.ts";
export { execute } from "./execute.ts";
export { executeSigned } from "./executeSigned.ts";
export type { Ledger, LedgerEntry } from "./ledger/Ledger.ts";
export { ledgerToCsv } from "./ledger/ledgerToCsv.ts";
export { memoryLedger } from "./ledger/memoryLedger.ts";
export { readLedger } from "./ledger/readLedger.ts";
export { reconcileLedger } from "./ledger/reconcileLedger.ts";
export type { LedgerParameters } from "./ledger/sendRecorded.ts";
export { pay } from "./pay.ts";
export { renounceSession } from "./renounceSession.ts";
export {
  type BudgetStatus,
  type InactiveReason,
  type SessionStatus,
  sessionStatus,
} from "./sessionStatus.ts";
export { budgetSpendControls } from "./x402/budgetSpendControls.ts";
export { type DelegationProvider, delegationProvider } from "./x402/delegationProvider.ts";
export type { HeldSlot } from "./x402/HeldSlot.ts";
export {
  type LatchkeyScheme,
  type LatchkeySchemeParameters,
  latchkeyScheme,
  type OfferedPayment,
} from "./x402/latchkeyScheme.ts";
export { memoryPaymentStore } from "./x402/memoryPaymentStore.ts";
export type {
  PaidPayment,
  PaymentHooks,
  RefusedPurchase,
  WaitingPurchase,
} from "./x402/PaymentHooks.ts";
export type { PaymentStore, Purchase, StoredBudget } from "./x402/PaymentStore.ts";
export { type PayingFetchParameters, type PayingRequestInit, payingFetch } from "./x402/payingFetch.ts";
export type { SessionKey } from "./x402/SessionKey.ts";
