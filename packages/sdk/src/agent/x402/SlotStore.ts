import type { Slot } from "../../session/Slot.ts";
import type { HeldSlot } from "./HeldSlot.ts";

/**
 * Remembers which slots signed authorizations may still use. All agents that use one session must share one store:
 * then no slot is ever used twice. The chain enforces the budget without it; a shared store avoids failed
 * payments.
 *
 * You can write your own (with a database, for example): {@link SlotStore.take} must be atomic, and its result must survive
 * a restart, or an agent may sign for a slot that one of its own authorizations still uses.
 */
export type SlotStore = {
  /**
   * Reserves a slot, atomically: `choose` sees what is reserved at that moment, and nothing else is reserved under the same
   * key until its result is stored. `choose` is synchronous, reads nothing, and may be called more than once.
   *
   * @param request.key Identifies one budget of one session on one chain.
   * @param request.now Unix time by that chain's clock: earlier reservations are forgotten.
   * @param request.choose Returns undefined to reserve nothing.
   * @returns The result of `choose`, once it is stored.
   */
  take(request: {
    key: string;
    now: number;
    choose: (held: readonly HeldSlot[]) => HeldSlot | undefined;
  }): Promise<HeldSlot | undefined>;
  /**
   * Releases a slot immediately. Only if nothing was signed for it, or the signature never left this process, not
   * even to a node: any other authorization may still settle, and its slot is released after its time.
   */
  release(key: string, slot: Slot & { period: bigint }): Promise<void>;
  /** What is reserved under a key, including expired reservations. */
  held(key: string): Promise<readonly HeldSlot[]>;
};
