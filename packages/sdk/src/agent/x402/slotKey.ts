import type { Slot } from "../../session/Slot.ts";

/** Identifies a slot within a period. */
export const slotKey = (slot: Slot): string => `${slot.lot}/${slot.size}/${slot.index}`;
