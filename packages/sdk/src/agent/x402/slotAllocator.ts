import { type Address, type Hex, zeroAddress } from "viem";
import { amountText } from "../../errors/amountText.ts";
import { errorText } from "../../errors/errorText.ts";
import { Refusal } from "../../errors/Refusal.ts";
import { utcText } from "../../errors/utcText.ts";
import { unlessAborted } from "../../internal/unlessAborted.ts";
import { isPaidByPermit2 } from "../../session/paymentMethods.ts";
import type { Budget } from "../../session/Session.ts";
import type { Slot } from "../../session/Slot.ts";
import { slotPrefix } from "../../session/slotPrefix.ts";
import type { SlotChoice, SlotQuestion } from "./chooseSlot.ts";
import { type CountingMemory, type NonceState, nodeCounting, slotCounting } from "./counting.ts";
import type { ExecutionsInFlight, ExecutionsSeen, UnsettledExecutions } from "./executionsInFlight.ts";
import type { HeldSlot } from "./HeldSlot.ts";
import type { PaymentStore } from "./PaymentStore.ts";
import { slotKey } from "./slotKey.ts";

/** Most payments at a time whose slots are expected. */
const MOST_EXPECTED = 64;
/** Most slots that are read because they are expected. */
const MOST_READ = 600;
/** The payee of payments that are only expected. */
const NOBODY = zeroAddress;

/** Request for the slot of one payment. */
export type SlotRequest = {
  /** The payment's amount, in token base units. */
  value: bigint;
  payee: Address;
  /** The current period's number, its spending by executions and its end: from the module's `budgetOf`. */
  period: bigint;
  spent: bigint;
  resetsAt: number;
  /** What is known of the executions in flight. */
  inFlight?: ExecutionsSeen;
  /** The chain's time, not later than the block at which the token is read. */
  now: number;
  /** Whether it may open another lot, however many openers are in flight. */
  openAnyway?: boolean;
  /** What was read for the payment before, see {@link SlotAllocator.expect}. */
  read?: SlotsRead;
  /** Reads nonces of the account. Default: the allocator's own. */
  nonceStates?: StatesReader;
  /** Last second for which the slot is reserved, see {@link HeldSlot}. Called when it is chosen, which may take long. */
  heldUntil: () => number;
};

/** Reads nonces of the account from the token, or from Permit2: see {@link NonceState}. */
export type StatesReader = (nonces: readonly Hex[]) => Promise<readonly NonceState[]>;

/** Slots that were read for one payment: not before its request's `now`. */
export type SlotsRead = { period: bigint; slots: readonly Slot[]; states: readonly NonceState[] };

/** Executions in flight hold what a payment needs, and may have settled: to be asked about before it is refused. */
export class UnreadExecutions extends Error {}

/** Allocates the slots, or the nodes, of one budget of one session. */
export type SlotAllocator = {
  /**
   * The slots that a payment will most likely need to know, if nothing has changed since the last one: read together
   * with everything else, they save a question.
   *
   * @param expected.payments How many payments are being made at the same time, this one included.
   */
  expect(expected: { value: bigint; payee: Address; period: bigint; payments: number }): {
    slots: readonly Slot[];
    nonces: readonly Hex[];
  };
  /**
   * Reserves a slot for a payment. No other user of the same store gets it before `heldUntil` has passed.
   *
   * @returns The slot and its nonce, of EIP-3009 or Permit2, in 32 bytes.
   * @throws {Refusal} PERIOD if the period has no slot left for this amount; SLOTS_TAKEN if it may have one
   * once authorizations in flight have settled or expired.
   */
  take(request: SlotRequest): Promise<{ slot: HeldSlot; nonce: Hex }>;
  /**
   * Waits until something has changed for a payment that was refused with SLOTS_TAKEN: a slot that it waits for has
   * settled, or was given back, or the time is over. All who wait share one question to the token at a time.
   */
  freed(
    refusal: Refusal,
    wait: { milliseconds: number; pollingInterval: number; signal?: AbortSignal | undefined },
  ): Promise<void>;
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
  /** Reads nonces of the account, see {@link authorizationStates} and {@link nonceWords}. */
  nonceStates: StatesReader;
  /** Executions that the key has signed, which spend from the other end. Default: none. */
  executions?: Pick<ExecutionsInFlight, "unsettled">;
  /** Most openers in flight to one payee, each of which reserves a whole lot. Default: 4; see {@link SlotRequest.openAnyway}. */
  maxOpenersInFlight?: number;
};

/**
 * Allocates the slots of one budget, or its nodes if it is paid from by Permit2. What {@link chooseSlot} or
 * {@link chooseNode} needs is read in batches; the choice itself is made inside the store's atomic `take`, so two agents never get the same slot, nor open a lot twice.
 */
export function slotAllocator(parameters: SlotAllocatorParameters): SlotAllocator {
  const { account, sessionId, budget, budgetIndex, store } = parameters;
  const counting = isPaidByPermit2(budget) ? nodeCounting : slotCounting;
  const stored = { account, budget: `${sessionId}/${budgetIndex}` };
  // The first bytes of nonces are a hash of their period.
  let prefix = { period: -1n, bytes: "0x" as Hex };
  const nonceOf = (slot: Slot, period: bigint): Hex => {
    if (prefix.period !== period)
      prefix = { period, bytes: slotPrefix({ id: sessionId, budgetIndex, period }) };
    return counting.nonceOf(prefix.bytes, slot);
  };
  // Used slots of one period. Kept as long as the process, as a used nonce stays used.
  const nothing = () => counting.memory(budget.sizes);
  let known = { period: -1n, slots: nothing() };
  const knownOf = (period: bigint): CountingMemory => {
    if (known.period < period) known = { period, slots: nothing() };
    return known.period === period ? known.slots : nothing();
  };
  // What this allocator has given out, and what executions had spent then: for expectations only.
  let taken: readonly HeldSlot[] = [];
  let lastSpent = 0n;

  const learn = (period: bigint, slots: readonly Slot[], states: readonly NonceState[]) => {
    const known = knownOf(period);
    slots.forEach((slot, place) => {
      if (!known.learn(slot, states[place] ?? false)) return;
      expected = new Map();
      if (waiters.size > 0)
        wake((each) => each.period === period && each.lot === slot.lot && known.has(each));
    });
  };

  // Those who wait, and what for.
  const blocking = new WeakMap<Refusal, readonly HeldSlot[]>();
  const waiters = new Set<{ slots: readonly HeldSlot[]; wake: () => void }>();
  const wake = (isFreed: (slot: HeldSlot) => boolean) => {
    for (const waiter of waiters) if (waiter.slots.some(isFreed)) waiter.wake();
  };
  let polling = false;
  async function poll(pollingInterval: number): Promise<void> {
    if (polling) return;
    polling = true;
    try {
      for (;;) {
        await new Promise((done) => setTimeout(done, pollingInterval));
        const asked = new Map<Hex, HeldSlot>();
        for (const { slots } of waiters)
          for (const slot of slots) asked.set(nonceOf(slot, slot.period), slot);
        if (asked.size === 0) return;
        const slots = [...asked.values()];
        const states = await parameters.nonceStates([...asked.keys()]);
        for (const [place, slot] of slots.entries()) learn(slot.period, [slot], [states[place] ?? false]);
        wake((slot) => knownOf(slot.period).has(slot));
      }
    } catch {
      // Each of them then meets the fault itself.
      wake(() => true);
    } finally {
      polling = false;
    }
  }

  const freed: SlotAllocator["freed"] = async (refusal, { milliseconds, pollingInterval, signal }) => {
    const slots = blocking.get(refusal) ?? [];
    let waiter: { slots: readonly HeldSlot[]; wake: () => void } | undefined;
    const changed = new Promise<void>((done) => {
      waiter = { slots, wake: done };
      waiters.add(waiter);
    });
    poll(pollingInterval);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const over = new Promise<void>((done) => {
      timer = setTimeout(done, milliseconds);
    });
    try {
      await unlessAborted(signal, Promise.race([changed, over]));
    } finally {
      clearTimeout(timer);
      if (waiter) waiters.delete(waiter);
    }
  };

  const choose = (
    period: bigint,
    fresh: ReadonlyMap<string, NonceState>,
    asked: Pick<SlotQuestion, "value" | "payee" | "spent" | "held"> &
      Partial<Pick<SlotQuestion, "maxOpenersInFlight">>,
  ): SlotChoice =>
    knownOf(period).choose(
      {
        perTransaction: budget.perTransaction,
        perPeriod: budget.perPeriod,
        sizes: budget.sizes,
        maxOpenersInFlight: parameters.maxOpenersInFlight ?? 4,
        ...asked,
      },
      fresh,
    );

  // Of payments that begin together the expectations are the same.
  let expected = new Map<string, ReturnType<SlotAllocator["expect"]>>();
  const expect: SlotAllocator["expect"] = (asked) => {
    const name = [asked.value, asked.payee, asked.period, asked.payments].join();
    const slots = expected.get(name) ?? expectation(asked);
    expected.set(name, slots);
    return slots;
  };

  function expectation({ value, payee, period, payments }: Parameters<SlotAllocator["expect"]>[0]) {
    const known = knownOf(period);
    const asked = new Map<string, Slot>();
    const unsettled = taken.filter((slot) => slot.period === period && !known.has(slot));
    // Of an opener in flight either may be true by now.
    const mayFollow = counting.hasOpeners && unsettled.some(({ index }) => index === 0n);
    for (const settled of mayFollow ? [false, true] : [false]) {
      const held = [...unsettled];
      const inFlight = new Set(settled ? held.map(slotKey) : []);
      const fresh = new Map<string, NonceState>();
      for (let turn = 0; turn < Math.min(payments, MOST_EXPECTED); turn++) {
        let choice: SlotChoice;
        for (;;) {
          choice = choose(period, fresh, { value, payee, spent: lastSpent, held });
          if (choice.kind !== "read") break;
          for (const slot of choice.slots) {
            const key = slotKey(slot);
            asked.set(key, slot);
            fresh.set(key, known.expected(slot, inFlight));
          }
        }
        if (choice.kind !== "slot") break;
        held.push({ ...choice.slot, period, payee: NOBODY, heldUntil: Number.POSITIVE_INFINITY });
      }
      if (held.length === 0) break;
    }
    const slots = [...asked.values()].slice(0, MOST_READ);
    return { slots, nonces: slots.map((slot) => nonceOf(slot, period)) };
  }

  async function take(request: SlotRequest) {
    const { period, read, now } = request;
    const nonceStates = request.nonceStates ?? parameters.nonceStates;
    const fresh = new Map<string, NonceState>();
    const note = (slots: readonly Slot[], states: readonly NonceState[]) => {
      learn(period, slots, states);
      slots.forEach((slot, place) => {
        fresh.set(slotKey(slot), states[place] ?? false);
      });
    };
    if (lastSpent !== request.spent) expected = new Map();
    lastSpent = request.spent;
    if (taken.some((slot) => slot.period !== period || slot.heldUntil < now)) {
      taken = taken.filter((slot) => slot.period === period && slot.heldUntil >= now);
      expected = new Map();
    }
    if (read?.period === period) note(read.slots, read.states);
    for (;;) {
      let choice: SlotChoice = { kind: "none", largest: 0n };
      let unsettled: UnsettledExecutions | undefined;
      const slot = await store.take({
        ...stored,
        now,
        choose: (held) => {
          unsettled = parameters.executions?.unsettled(held, request.inFlight ?? NONE_SEEN);
          choice = choose(period, fresh, {
            value: request.value,
            payee: request.payee,
            spent: request.spent + (unsettled?.amount ?? 0n),
            held: held.filter((each) => each.period === period && each.amount === undefined),
            ...(request.openAnyway ? { maxOpenersInFlight: Number.POSITIVE_INFINITY } : {}),
          });
          if (choice.kind !== "slot") return undefined;
          return { ...choice.slot, period, payee: request.payee, heldUntil: request.heldUntil() };
        },
      });
      if (slot) {
        const { start } = choice as unknown as Extract<SlotChoice, { kind: "slot" }>;
        if (start !== undefined) knownOf(period).passTo(start);
        taken = [...taken, slot];
        expected = new Map();
        return { slot, nonce: nonceOf(slot, period) };
      }
      // Set inside `choose`, which narrowing cannot see.
      const answer = choice as SlotChoice;
      const executing = unsettled as UnsettledExecutions | undefined;
      if (answer.kind !== "read") {
        if (executing && !executing.areRead) throw new UnreadExecutions();
        if (executing && executing.count > 0 && answer.kind === "none") throw refuseTaken(executing);
        const refused = refusal(answer, request);
        if (answer.kind === "wait") blocking.set(refused, answer.for);
        throw refused;
      }
      note(answer.slots, await nonceStates(answer.slots.map((each) => nonceOf(each, period))));
    }
  }

  const refusal = (choice: SlotChoice, { value, resetsAt }: SlotRequest) => {
    if (choice.kind === "wait")
      return refuseTaken({
        count: choice.for.length,
        until: Math.min(...choice.for.map((slot) => slot.heldUntil)),
      });
    const remaining = choice.kind === "none" ? choice.largest : 0n;
    return new Refusal({
      code: "PERIOD",
      shortMessage: `${amountText(value, budget.token)} exceeds the largest payment that this period has left, ${amountText(remaining, budget.token)}.`,
      metaMessages: [`Pay less, or wait until the next period starts at ${utcText(resetsAt)}.`],
      details: { token: budget.token, amount: value, remaining, resetsAt },
    });
  };

  return {
    expect,
    take,
    freed,
    release(slot) {
      taken = taken.filter((each) => each !== slot);
      expected = new Map();
      const freeing = store.release(stored, slot);
      const isSame = (each: HeldSlot) => each.period === slot.period && slotKey(each) === slotKey(slot);
      freeing.then(() => wake(isSame)).catch(() => {});
      return freeing;
    },
  };
}

/** Payments in flight hold what a payment needs, the first of them until then. */
export const refuseTaken = ({ count, until }: { count: number; until: number }): Refusal =>
  new Refusal({ ...errorText("SLOTS_TAKEN"), details: { inFlight: count, until } });

const NONE_SEEN: ExecutionsSeen = { asked: new Set(), settled: new Set() };
