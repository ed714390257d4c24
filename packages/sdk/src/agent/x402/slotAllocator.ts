import type { Address, Hex } from "viem";
import { Refusal } from "../../errors/Refusal.ts";
import { utcText } from "../../errors/utcText.ts";
import type { Budget } from "../../session/Session.ts";
import type { Slot } from "../../session/Slot.ts";
import { slotNonce } from "../../session/slotNonce.ts";
import { chooseSlot, type SlotChoice } from "./chooseSlot.ts";
import type { HeldSlot } from "./HeldSlot.ts";
import type { SlotStore } from "./SlotStore.ts";
import { slotKey } from "./slotKey.ts";

/** What one payment asks of the allocator. */
export type SlotRequest = {
  /** What the payment moves, in token base units. */
  value: bigint;
  payee: Address;
  /** The current period's number, what executions spent of it and when it ends: from the module's `budgetOf`. */
  period: bigint;
  spent: bigint;
  resetsAt: number;
  /** Unix time of the chain, not later than what the token is read at. */
  now: number;
  /** Last second at which the slot stays taken, see {@link HeldSlot}. Asked when it is chosen, which may take long. */
  heldUntil: () => number;
};

/** Hands out the slots of one budget of one session. */
export type SlotAllocator = {
  /**
   * Takes a slot for a payment. Nobody else who uses the same store gets it before `heldUntil` has passed.
   *
   * @returns the slot and its EIP-3009 nonce
   * @throws {Refusal} PERIOD when the period has no slot for this value any more; SLOTS_TAKEN when it may have one
   * once authorizations in flight have settled or lapsed
   */
  take(request: SlotRequest): Promise<{ slot: HeldSlot; nonce: Hex }>;
  /** Gives a slot back whose authorization was never shown to anybody, see {@link SlotStore.release}. */
  release(slot: HeldSlot): Promise<void>;
};

/** Which budget is handed out, and who remembers what. */
export type SlotAllocatorParameters = {
  chainId: number;
  /** The session's id, see {@link hashSession}. */
  sessionId: Hex;
  budget: Budget;
  /** Its place in the session. */
  budgetIndex: number;
  store: SlotStore;
  /** Asks the token about nonces of the account, see {@link authorizationStates}. */
  authorizationStates: (nonces: readonly Hex[]) => Promise<readonly boolean[]>;
  /** Most openers in flight to one payee, each of which keeps a whole lot from others. Default 4. */
  maxOpenersInFlight?: number;
};

/**
 * Hands out the slots of one budget. What {@link chooseSlot} wants to know is read from the token in batches; the
 * choice itself is made inside the store's atomic `take`, so two agents never get one slot, nor open one lot twice.
 */
export function slotAllocator(parameters: SlotAllocatorParameters): SlotAllocator {
  const { chainId, sessionId, budget, budgetIndex, store } = parameters;
  const key = `eip155:${chainId}/${sessionId}/${budgetIndex}`;
  const nonceOf = (slot: Slot, period: bigint) => slotNonce({ id: sessionId, budgetIndex, period, ...slot });
  // Slots that the token has called used, of one period. Kept as long as the process, as a used nonce stays used.
  let known = { period: -1n, used: new Set<string>(), lots: new Set<bigint>() };

  async function take(request: SlotRequest) {
    const { period } = request;
    if (known.period !== period) known = { period, used: new Set(), lots: new Set() };
    const { used, lots } = known;
    const fresh = new Map<string, boolean>();
    for (;;) {
      let choice: SlotChoice = { kind: "none", largest: 0n };
      const slot = await store.take({
        key,
        now: request.now,
        choose: (held) => {
          choice = chooseSlot({
            perTransaction: budget.perTransaction,
            perPeriod: budget.perPeriod,
            sizes: budget.sizes,
            spent: request.spent,
            value: request.value,
            payee: request.payee,
            held: held.filter((each) => each.period === period),
            fresh: (each) => fresh.get(slotKey(each)),
            known: (each) => used.has(slotKey(each)),
            openedBefore: [...lots].sort((a, b) => (a < b ? -1 : 1)),
            maxOpenersInFlight: parameters.maxOpenersInFlight ?? 4,
          });
          if (choice.kind !== "slot") return undefined;
          return { ...choice.slot, period, payee: request.payee, heldUntil: request.heldUntil() };
        },
      });
      if (slot) return { slot, nonce: nonceOf(slot, period) };
      // Set from inside `choose`, which narrowing cannot see.
      const answer = choice as SlotChoice;
      if (answer.kind !== "read") throw refusal(answer, request);
      const states = await parameters.authorizationStates(answer.slots.map((each) => nonceOf(each, period)));
      answer.slots.forEach((each, index) => {
        const state = states[index] === true;
        fresh.set(slotKey(each), state);
        if (state) used.add(slotKey(each));
        if (state && each.index === 0n) lots.add(each.lot);
      });
    }
  }

  const refusal = (choice: SlotChoice, { value, resetsAt }: SlotRequest) => {
    if (choice.kind === "wait") {
      return new Refusal({
        code: "SLOTS_TAKEN",
        shortMessage: "What is left of this period hangs on payments that have not settled yet.",
        metaMessages: ["Try again in a few seconds; what does not settle comes back within six minutes."],
        details: {
          inFlight: choice.for.length,
          until: Math.min(...choice.for.map((slot) => slot.heldUntil)),
        },
      });
    }
    const remaining = choice.kind === "none" ? choice.largest : 0n;
    return new Refusal({
      code: "PERIOD",
      shortMessage: `A payment of ${value} does not fit into what is left of this period: ${remaining} at most.`,
      metaMessages: [`The next period begins at ${utcText(resetsAt)}.`],
      details: { token: budget.token, amount: value, remaining, resetsAt },
    });
  };

  return { take, release: (slot) => store.release(key, slot) };
}
