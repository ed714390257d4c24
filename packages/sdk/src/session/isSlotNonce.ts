import type { Hex } from "viem";

/** Whether a nonce may be that of a slot, of any session: these end with eight zeros, which others hardly ever do. */
export const isSlotNonce = (nonce: Hex): boolean => nonce.endsWith("0".repeat(16));
