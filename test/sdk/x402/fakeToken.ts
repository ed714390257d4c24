import type { Slot } from "#sdk/session/Slot.ts";
import { slotNonce } from "#sdk/session/slotNonce.ts";

/** Limits of one period, in token base units. */
export type Limits = { perTransaction: bigint; perPeriod: bigint; sizes: number };

export const sessionId = `0x${"5e".repeat(32)}` as const;

/**
 * What a token and the session module know of one budget's period: which nonces are used, and the rule by which the
 * module accepts an authorization. Written from the design's rule, not from the allocator.
 */
export function fakeToken(limits: Limits, period = 0n) {
  const { perTransaction, perPeriod, sizes } = limits;
  const settled: { slot: Slot; value: bigint }[] = [];
  const nonces = new Set<string>();
  let spent = 0n;
  let reads = 0;
  let questions = 0;
  const nonceOf = (slot: Slot) => slotNonce({ id: sessionId, budgetIndex: 0, period, ...slot });
  const isUsed = (slot: Slot) => nonces.has(nonceOf(slot));
  const openedSizes = (lot: bigint) =>
    Array.from({ length: sizes }, (_, size) => size).filter((size) => isUsed({ lot, size, index: 0n }));

  /** Why the module would reject, if it would. */
  function objection({ lot, size, index }: Slot, value: bigint): string | undefined {
    if (size < 0 || size >= sizes) return "no such size";
    if (index < 0n || index >= 4n ** BigInt(size)) return "no such index";
    if (value > perTransaction / 4n ** BigInt(size)) return "more than the slot is worth";
    if (lot < 0n || lot >= perPeriod / perTransaction) return "no such lot";
    if ((lot + 1n) * perTransaction > perPeriod - spent) return "the lot belongs to executions";
    const opened = openedSizes(lot);
    if (opened.some((other) => other !== size)) return "another size is opened";
    if (index !== 0n && !opened.includes(size)) return "its opener has not settled";
    if (isUsed({ lot, size, index })) return "used";
    return undefined;
  }

  return {
    settled,
    isUsed,
    openedSizes,
    objection,
    /** Settles an authorization, or says why not. */
    settle(slot: Slot, value: bigint): string | undefined {
      const reason = objection(slot, value);
      if (reason) return reason;
      nonces.add(nonceOf(slot));
      settled.push({ slot, value });
      return undefined;
    },
    /** The owner burns a nonce. */
    burn: (slot: Slot) => void nonces.add(nonceOf(slot)),
    /** An execution spends from the top, if the rule lets it. */
    execute(amount: bigint): boolean {
      const total = spent + amount;
      if (amount > perTransaction || total > perPeriod) return false;
      const from = (perPeriod - total) / perTransaction;
      const to = (perPeriod - spent) / perTransaction;
      for (let lot = from; lot < to; lot++) if (openedSizes(lot).length > 0) return false;
      spent = total;
      return true;
    },
    get spent() {
      return spent;
    },
    get total() {
      return spent + settled.reduce((sum, each) => sum + each.value, 0n);
    },
    get reads() {
      return reads;
    },
    /** How often nonces were asked about, however many at a time. */
    get questions() {
      return questions;
    },
    authorizationStates: async (asked: readonly string[]) => {
      reads += asked.length;
      questions++;
      return asked.map((nonce) => nonces.has(nonce));
    },
  };
}
