import type { Slot } from "./Slot.ts";

/** Whether some budget can have the slot, so that it fits a nonce. Its numbers are whole and not negative. */
export const slotExists = ({ lot, size, index }: Slot): boolean =>
  lot < 1n << 32n && size < 8 && index < 4n ** BigInt(size);
