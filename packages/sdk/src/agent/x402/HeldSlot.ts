import type { Address } from "viem";
import type { Slot } from "../../session/Slot.ts";

/** A slot that a signed authorization may still fill: nobody else may sign for it. */
export type HeldSlot = Slot & {
  /** The number of the period that the slot is in. */
  period: bigint;
  /** Who is paid by it. */
  payee: Address;
  /**
   * Last second (Unix time, by the chain's clock) at which the slot is taken, whatever happens: the validBefore of
   * the authorization and a margin. What became of it can be read from the token afterwards.
   */
  heldUntil: number;
};
