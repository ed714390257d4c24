import type { Address } from "viem";
import type { Slot } from "../../session/Slot.ts";

/** A slot that a signed authorization may still use: it is reserved. */
export type HeldSlot = Slot & {
  /** The number of the period that the slot is in. */
  period: bigint;
  /** The payee. */
  payee: Address;
  /**
   * Last second (Unix time, by the chain's clock) for which the slot is reserved in any case: the validBefore of
   * the authorization plus a margin. Its outcome can be read from the token afterwards.
   */
  heldUntil: number;
};
