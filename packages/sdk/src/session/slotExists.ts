import type { Slot } from "./Slot.ts";

/** Whether some budget can have the slot, and so a nonce has room for it. Its numbers are whole, and none is negative. */
export const slotExists = ({ lot, size, index }: Slot): boolean =>
  lot < 1n << 32n && size < 8 && index < 4n ** BigInt(size);
