import type { PaymentStore } from "./PaymentStore.ts";
import { paymentLedger } from "./paymentLedger.ts";

/**
 * A {@link PaymentStore} in memory, for one process. After a restart nothing is known of the payments that were made
 * before: a request whose answer was lost is paid again, and a slot may be signed for twice, of which the chain accepts
 * only one. Use `filePaymentStore` of `@latchkey/sdk/node` if the agent may restart or several processes share a session
 * on one machine, and `redisPaymentStore` of `@latchkey/sdk/redis` on several machines.
 */
export function memoryPaymentStore(): PaymentStore {
  const ledger = paymentLedger();
  return {
    async take({ now, choose, ...budget }) {
      ledger.dropBefore(budget.account, now);
      const slots = ledger.slotsOf(budget);
      const chosen = choose(slots.all());
      if (chosen) slots.add(chosen);
      return chosen;
    },
    async release(budget, slot) {
      ledger.slotsOf(budget).remove(slot);
    },
    async held(budget) {
      return [...ledger.slotsOf(budget).all()];
    },
    async change({ account, name, change }) {
      const changed = change(ledger.purchasesOf(account, name));
      if (changed) ledger.setPurchases(account, name, changed);
      return ledger.purchasesOf(account, name);
    },
  };
}
