import type { Slot } from "../../session/Slot.ts";

/** A text that tells the slots of one period apart. */
export const slotKey = (slot: Slot): string => `${slot.lot}/${slot.size}/${slot.index}`;
