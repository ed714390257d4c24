import type { Address } from "viem";
import type { Slot } from "../../session/Slot.ts";

/**
 * A slot that a signed authorization may still use, or by Permit2 a node, its depth as the size: it is reserved. By ERC-7710
 * an amount that a signed execution may still spend, with its nonce as the index.
 */
export type HeldSlot = Slot & {
  /** The number of the period that the slot is in. */
  period: bigint;
  /** The payee. */
  payee: Address;
  /** Of an execution: what it spends, in token base units. Absent for slots and nodes. */
  amount?: bigint;
  /**
   * Last second (Unix time, by the chain's clock) for which the slot is reserved in any case: the validBefore of
   * the authorization, or Permit2's deadline, plus a margin. Its outcome can be read from the chain afterwards.
   */
  heldUntil: number;
};
