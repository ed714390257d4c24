import type { Address, Hex } from "viem";
import { amountText } from "../../errors/amountText.ts";
import { errorText } from "../../errors/errorText.ts";
import { Refusal } from "../../errors/Refusal.ts";
import { utcText } from "../../errors/utcText.ts";
import type { Budget } from "../../session/Session.ts";
import type { Slot } from "../../session/Slot.ts";
import { slotNonce } from "../../session/slotNonce.ts";
import { chooseSlot, type SlotChoice } from "./chooseSlot.ts";
import type { HeldSlot } from "./HeldSlot.ts";
import type { PaymentStore } from "./PaymentStore.ts";
import { slotKey } from "./slotKey.ts";

/** Request for the slot of one payment. */
export type SlotRequest = {
  /** The payment's amount, in token base units. */
  value: bigint;
  payee: Address;
  /** The current period's number, its spending by executions and its end: from the module's `budgetOf`. */
  period: bigint;
  spent: bigint;
  resetsAt: number;
  /** The chain's time, not later than the block at which the token is read. */
  now: number;
  /** Last second for which the slot is reserved, see {@link HeldSlot}. Called when it is chosen, which may take long. */
  heldUntil: () => number;
};

/** Allocates the slots of one budget of one session. */
export type SlotAllocator = {
  /**
   * Reserves a slot for a payment. No other user of the same store gets it before `heldUntil` has passed.
   *
   * @returns The slot and its EIP-3009 nonce.
   * @throws {Refusal} PERIOD if the period has no slot left for this amount; SLOTS_TAKEN if it may have one
   * once authorizations in flight have settled or expired.
   */
  take(request: SlotRequest): Promise<{ slot: HeldSlot; nonce: Hex }>;
  /** Releases a slot whose authorization never left this process, see {@link PaymentStore.release}. */
  release(slot: HeldSlot): Promise<void>;
};

/** The budget, and the store. */
export type SlotAllocatorParameters = {
  /** The account that pays, as a CAIP-10 identifier: `eip155:8453:0x…`. */
  account: string;
  /** The session's id, see {@link hashSession}. */
  sessionId: Hex;
  budget: Budget;
  /** Its index in the session. */
  budgetIndex: number;
  store: PaymentStore;
  /** Reads nonces of the account from the token, see {@link authorizationStates}. */
  authorizationStates: (nonces: readonly Hex[]) => Promise<readonly boolean[]>;
  /** Most openers in flight to one payee, each of which reserves a whole lot. Default: 4. */
  maxOpenersInFlight?: number;
};

/**
 * Allocates the slots of one budget. What {@link chooseSlot} needs is read from the token in batches; the
 * choice itself is made inside the store's atomic `take`, so two agents never get the same slot, nor open a lot twice.
 */
export function slotAllocator(parameters: SlotAllocatorParameters): SlotAllocator {
  const { account, sessionId, budget, budgetIndex, store } = parameters;
  const stored = { account, budget: `${sessionId}/${budgetIndex}` };
  const nonceOf = (slot: Slot, period: bigint) => slotNonce({ id: sessionId, budgetIndex, period, ...slot });
  // Used slots of one period. Kept as long as the process, as a used nonce stays used.
  let known = { period: -1n, used: new Set<string>(), lots: new Set<bigint>() };

  async function take(request: SlotRequest) {
    const { period } = request;
    if (known.period !== period) known = { period, used: new Set(), lots: new Set() };
    const { used, lots } = known;
    const fresh = new Map<string, boolean>();
    for (;;) {
      let choice: SlotChoice = { kind: "none", largest: 0n };
      const slot = await store.take({
        ...stored,
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
      // Set inside `choose`, which narrowing cannot see.
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
        ...errorText("SLOTS_TAKEN"),
        details: {
          inFlight: choice.for.length,
          until: Math.min(...choice.for.map((slot) => slot.heldUntil)),
        },
      });
    }
    const remaining = choice.kind === "none" ? choice.largest : 0n;
    return new Refusal({
      code: "PERIOD",
      shortMessage: `${amountText(value, budget.token)} exceeds the largest payment that this period has left, ${amountText(remaining, budget.token)}.`,
      metaMessages: [`Pay less, or wait until the next period starts at ${utcText(resetsAt)}.`],
      details: { token: budget.token, amount: value, remaining, resetsAt },
    });
  };

  return { take, release: (slot) => store.release(stored, slot) };
}
