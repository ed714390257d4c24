import type { Slot } from "../../session/Slot.ts";
import type { HeldSlot } from "./HeldSlot.ts";

/**
 * Remembers which slots signed authorizations may still fill. All agents that use one session must share one store:
 * then no slot is ever given out twice. The chain enforces the budget without it; what a shared store saves is failed
 * payments.
 *
 * Own stores (a database, say) are welcome: {@link SlotStore.take} must be atomic, and what it answered must survive
 * a restart, else an agent may sign for a slot that an authorization of its own still fills.
 */
export type SlotStore = {
  /**
   * Holds a slot, atomically: `choose` sees what is held at that moment, and nothing else is taken under the same
   * key until its answer is kept. `choose` answers at once, reads nothing, and may be called more than once.
   *
   * @param request.key - names one budget of one session on one chain
   * @param request.now - Unix time by that chain's clock: what was held until before then is forgotten
   * @param request.choose - undefined: hold nothing
   * @returns what `choose` answered, once it is kept
   */
  take(request: {
    key: string;
    now: number;
    choose: (held: readonly HeldSlot[]) => HeldSlot | undefined;
  }): Promise<HeldSlot | undefined>;
  /**
   * Gives a slot back at once. Only where nothing was signed for it, or what was signed never left this process, not
   * even to ask a node about it: any other authorization may still settle, and its slot comes back by itself.
   */
  release(key: string, slot: Slot & { period: bigint }): Promise<void>;
  /** What is held under a key, whether its time has passed or not. */
  held(key: string): Promise<readonly HeldSlot[]>;
};
