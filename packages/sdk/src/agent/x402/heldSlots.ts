import type { Slot } from "../../session/Slot.ts";
import type { HeldSlot } from "./HeldSlot.ts";
import { slotKey } from "./slotKey.ts";

/** The slots that are reserved under one budget, earliest end first. */
export type HeldSlots = {
  all(): readonly HeldSlot[];
  add(slot: HeldSlot): void;
  remove(slot: Slot & { period: bigint }): void;
  find(slot: Slot & { period: bigint }): HeldSlot | undefined;
  /** Removes what ended before `now`. */
  dropBefore(now: number): void;
};

/**
 * Keeps reserved slots sorted by their ends, so that neither adding one nor dropping the expired ones looks at the others.
 */
export function heldSlots(): HeldSlots {
  let sorted: HeldSlot[] = [];
  const byKey = new Map<string, HeldSlot>();
  const keyOf = (slot: Slot & { period: bigint }) => `${slot.period}/${slotKey(slot)}`;
  /** How many end before a second. */
  const countBefore = (second: number): number => {
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((sorted[middle] as HeldSlot).heldUntil < second) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const remove = (slot: Slot & { period: bigint }) => {
    const key = keyOf(slot);
    const held = byKey.get(key);
    if (!held) return;
    byKey.delete(key);
    sorted.splice(sorted.indexOf(held, countBefore(held.heldUntil)), 1);
  };
  return {
    all: () => sorted,
    add(slot) {
      remove(slot);
      byKey.set(keyOf(slot), slot);
      sorted.splice(countBefore(slot.heldUntil + 1), 0, slot);
    },
    remove,
    find: (slot) => byKey.get(keyOf(slot)),
    dropBefore(now) {
      const count = countBefore(now);
      if (count === 0) return;
      for (const slot of sorted.slice(0, count)) byKey.delete(keyOf(slot));
      sorted = sorted.slice(count);
    },
  };
}
