import type { HeldSlot } from "./HeldSlot.ts";
import type { SlotStore } from "./SlotStore.ts";
import { slotKey } from "./slotKey.ts";

/**
 * A {@link SlotStore} in memory, for one process. After a restart within five
 * minutes of a payment that did not settle, a slot may be signed for twice; the chain accepts only one of the two.
 * Use {@link fileSlotStore} if that matters, or if several processes share a session.
 */
export function memorySlotStore(): SlotStore {
  const budgets = new Map<string, readonly HeldSlot[]>();
  return {
    async take({ key, now, choose }) {
      const held = (budgets.get(key) ?? []).filter((slot) => slot.heldUntil >= now);
      const chosen = choose(held);
      budgets.set(key, chosen ? [...held, chosen] : held);
      return chosen;
    },
    async release(key, slot) {
      const held = budgets.get(key) ?? [];
      budgets.set(
        key,
        held.filter((each) => each.period !== slot.period || slotKey(each) !== slotKey(slot)),
      );
    },
    async held(key) {
      return budgets.get(key) ?? [];
    },
  };
}
