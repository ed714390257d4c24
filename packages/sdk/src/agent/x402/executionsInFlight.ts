import { type Address, bytesToHex, type Hex, hexToBigInt } from "viem";
import { sessionModuleAbi } from "../../generated/abis/sessionModuleAbi.ts";
import type { AggregatingClient } from "../../internal/aggregatingClient.ts";
import { readContract } from "../../internal/chainActions.ts";
import type { Budget } from "../../session/Session.ts";
import type { HeldSlot } from "./HeldSlot.ts";
import type { PaymentStore } from "./PaymentStore.ts";

/** What one payment knows of the executions in flight. */
export type ExecutionsSeen = {
  /** Nonces that are asked about together with what is spent. */
  asked: ReadonlySet<bigint>;
  /** Nonces that are used: what these executions have spent is in the chain's own count. */
  settled: Set<bigint>;
};

/** A stored execution whose amount is not in the chain's count yet, as far as one payment knows. */
export type UnsettledExecutions = { amount: bigint; until: number; count: number; areRead: boolean };

/** The result of {@link ExecutionsInFlight.take}. */
export type ExecutionTaken =
  | {
      kind: "taken";
      held: HeldSlot;
      /** Which lot it would newly reach once all others have settled: the chain has shown it to be unused only if none are. */
      reached?: bigint;
      others: UnsettledExecutions;
    }
  /** An execution that this payment has not asked about holds what it needs: ask again. */
  | { kind: "unread" }
  /** Payments in flight hold what it needs, the first of them until then (Unix time). */
  | { kind: "wait"; count: number; until: number };

/**
 * The executions that the key has signed for payments from one budget, by ERC-7710. The chain counts an execution when it is
 * redeemed, in the period of that moment. Until its nonce is used, or its deadline has passed, its amount is reserved in the
 * store, in whatever period that is: so the key signs no more than the chain will accept.
 */
export type ExecutionsInFlight = {
  /** What to ask for a payment that begins now. */
  see(): ExecutionsSeen;
  /** Reads which of the nonces are used, in one request with whatever else is asked, and keeps that. */
  read(reader: AggregatingClient, seen: ExecutionsSeen): Promise<void>;
  /** Learns what other users of the store have signed. */
  look(): Promise<void>;
  /** What is reserved, of what the store has. */
  unsettled(held: readonly HeldSlot[], seen: ExecutionsSeen): UnsettledExecutions;
  /**
   * Reserves the amount of a payment, under a nonce of its own, which is the slot's index.
   *
   * @param request.released What the period has released, and `spent` what executions have spent of it.
   * @param request.heldUntil Called when it is reserved.
   */
  take(request: {
    amount: bigint;
    payee: Address;
    period: bigint;
    released: bigint;
    spent: bigint;
    now: number;
    seen: ExecutionsSeen;
    heldUntil: () => number;
  }): Promise<ExecutionTaken>;
  /** Releases it, where the signature has never left this process. */
  release(held: HeldSlot): Promise<void>;
};

/** @param parameters.account As in the store. */
export function executionsInFlight(parameters: {
  account: string;
  sessionId: Hex;
  payer: Address;
  module: Address;
  budget: Budget;
  budgetIndex: number;
  store: PaymentStore;
}): ExecutionsInFlight {
  const { account, sessionId, payer, module, budget, store } = parameters;
  const stored = { account, budget: `${sessionId}/${parameters.budgetIndex}` };
  // Of those that the store has, as last seen. A used nonce stays used.
  let unused: ReadonlySet<bigint> = new Set();
  let used: ReadonlySet<bigint> = new Set();
  const nextNonce = nonceRuns();

  const note = (held: readonly HeldSlot[]) => {
    const nonces = held.flatMap(({ amount, index }) => (amount === undefined ? [] : [index]));
    used = new Set(nonces.filter((nonce) => used.has(nonce)));
    unused = new Set(nonces.filter((nonce) => !used.has(nonce)));
  };

  const unsettled: ExecutionsInFlight["unsettled"] = (held, { asked, settled }) => {
    note(held);
    const waited = { amount: 0n, until: Infinity, count: 0, areRead: true };
    for (const { amount, index, heldUntil } of held) {
      if (amount === undefined || settled.has(index)) continue;
      waited.amount += amount;
      waited.count++;
      waited.until = Math.min(waited.until, heldUntil);
      if (!asked.has(index)) waited.areRead = false;
    }
    return waited;
  };

  return {
    see: () => ({ asked: new Set(unused), settled: new Set(used) }),
    async read(reader, { asked, settled }) {
      const nonces = [...asked];
      const answers = await Promise.all(
        nonces.map((nonce) =>
          readContract(reader, {
            address: module,
            abi: sessionModuleAbi,
            functionName: "nonceUsed",
            args: [sessionId, payer, nonce],
          }),
        ),
      );
      for (const [place, nonce] of nonces.entries()) if (answers[place]) settled.add(nonce);
      used = new Set([...used, ...settled]);
      unused = new Set([...unused].filter((nonce) => !settled.has(nonce)));
    },
    look: async () => note(await store.held(stored)),
    unsettled,
    async take(request) {
      const { amount, payee, period, released, spent, now, seen } = request;
      const index = nextNonce();
      let result: ExecutionTaken = { kind: "unread" };
      let others: UnsettledExecutions | undefined;
      let reached: bigint | undefined;
      const held = await store.take({
        ...stored,
        now,
        choose(held) {
          const inFlight = unsettled(held, seen);
          others = inFlight;
          const isLeft = spent + inFlight.amount + amount <= released;
          reached = isLeft ? reachedLot(budget, spent + inFlight.amount, amount) : undefined;
          const lot = reached;
          const inTheWay =
            lot === undefined
              ? []
              : held.filter((slot) => slot.amount === undefined && slot.period === period && slot.lot >= lot);
          if (isLeft && inTheWay.length === 0)
            return { period, lot: 0n, size: 0, index, payee, heldUntil: request.heldUntil(), amount };
          result = inFlight.areRead
            ? {
                kind: "wait",
                count: inFlight.count + inTheWay.length,
                until: Math.min(inFlight.until, ...inTheWay.map((slot) => slot.heldUntil)),
              }
            : { kind: "unread" };
          return undefined;
        },
      });
      if (!held || !others) return result;
      return { kind: "taken", held, others, ...(reached !== undefined && { reached }) };
    },
    release: (held) => store.release(stored, held),
  };
}

/** The lot that an execution newly reaches, as the chain has it: no signed payment may have used a part of that. */
function reachedLot({ perPeriod, perTransaction, signatures }: Budget, spent: bigint, amount: bigint) {
  const left = perPeriod - spent;
  const lot = (left - amount) / perTransaction;
  return signatures === 0 || lot === left / perTransaction ? undefined : lot;
}

/**
 * Nonces in runs of 256 from a random start: the module marks those of a run in one word of storage, so each but the first
 * costs its facilitator 17,000 gas less. Another run starts elsewhere, as does that of another agent of the session. Never 0,
 * with which no execution is confused with a slot.
 */
function nonceRuns(): () => bigint {
  let next = 0n;
  return () => {
    if (next % 256n === 0n)
      next = (hexToBigInt(bytesToHex(crypto.getRandomValues(new Uint8Array(7)))) || 1n) << 8n;
    return next++;
  };
}
