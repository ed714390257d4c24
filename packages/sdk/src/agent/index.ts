/** What an agent does with its key: pay, execute, sign payments and userOps, look after its session. */
export { execute } from "./execute.ts";
export { executeSigned } from "./executeSigned.ts";
export { pay } from "./pay.ts";
export { renounceSession } from "./renounceSession.ts";
export {
  type BudgetStatus,
  type InactiveReason,
  type SessionStatus,
  sessionStatus,
} from "./sessionStatus.ts";
export type { EntryPoint, EntryPointVersion } from "./userOp/EntryPoint.ts";
export { signPaymentUserOp } from "./userOp/signPaymentUserOp.ts";
export {
  type SessionSmartAccount,
  type SessionSmartAccountParameters,
  toSessionSmartAccount,
} from "./userOp/toSessionSmartAccount.ts";
export type { UserOpKey } from "./userOp/UserOpKey.ts";
export * from "./x402/authorizationStates.ts";
export * from "./x402/budgetSpendControls.ts";
export * from "./x402/checkOffer.ts";
export * from "./x402/checkTokenDomain.ts";
export * from "./x402/chooseSlot.ts";
export * from "./x402/HeldSlot.ts";
export * from "./x402/latchkeyScheme.ts";
export * from "./x402/memorySlotStore.ts";
export * from "./x402/payingFetch.ts";
export * from "./x402/SessionKey.ts";
export * from "./x402/SlotStore.ts";
export * from "./x402/slotAllocator.ts";
