import type { PaymentStore } from "./PaymentStore.ts";
import { rememberedPayments } from "./rememberedPayments.ts";

/**
 * A {@link PaymentStore} in memory, for one process. After a restart nothing is known of the payments that were made
 * before: a request whose answer was lost is paid again, and a slot may be signed for twice, of which the chain accepts
 * only one. Use `filePaymentStore` of `@latchkey/sdk/node` if the agent may restart or several processes share a session
 * on one machine, and `redisPaymentStore` of `@latchkey/sdk/redis` on several machines.
 */
export function memoryPaymentStore(): PaymentStore {
  const remembered = rememberedPayments();
  return {
    async take({ now, choose, ...budget }) {
      remembered.dropBefore(budget.account, now);
      const slots = remembered.slotsOf(budget);
      const chosen = choose(slots.all());
      if (chosen) slots.add(chosen);
      return chosen;
    },
    async release(budget, slot) {
      remembered.slotsOf(budget).remove(slot);
    },
    async held(budget) {
      return [...remembered.slotsOf(budget).all()];
    },
    async change({ account, name, change }) {
      const changed = change(remembered.purchasesOf(account, name));
      if (changed) remembered.setPurchases(account, name, changed);
      return remembered.purchasesOf(account, name);
    },
  };
}
