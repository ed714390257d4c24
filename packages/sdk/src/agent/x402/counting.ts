import { type Hex, numberToHex } from "viem";
import { nodeNonceAfter } from "../../session/nodeNonce.ts";
import type { Slot } from "../../session/Slot.ts";
import { slotNonceAfter } from "../../session/slotNonce.ts";
import { chooseNode, isFull } from "./chooseNode.ts";
import { chooseSlot, type SlotChoice, type SlotQuestion } from "./chooseSlot.ts";
import { knownNodes } from "./knownNodes.ts";
import { knownSlots } from "./knownSlots.ts";
import { slotKey } from "./slotKey.ts";

/** What was read of a nonce: whether it is used; from Permit2 the word that it lies in. */
export type NonceState = boolean | bigint;

/** One of the two ways in which payments count: by the nonces of a token with EIP-3009, or by those of Permit2. */
export type Counting = {
  /** The nonce of a slot, or a node, after the prefix of its period. */
  nonceOf(prefix: Hex, slot: Slot): Hex;
  /** Nothing is known of a period. */
  memory(sizes: number): CountingMemory;
  /** Whether a payment may have to wait until another has settled. */
  hasOpeners: boolean;
};

/** What is known of a period. Kept as long as the process, as a used nonce stays used. */
export type CountingMemory = {
  /** Whether a slot is known to be used. */
  has(slot: Slot): boolean;
  /** @returns Whether anything is new. */
  learn(asked: Slot, state: NonceState): boolean;
  /** What will be read most likely, if some payments in flight have settled. */
  expected(asked: Slot, settled: ReadonlySet<string>): NonceState;
  /** @param fresh What was read for this payment, by {@link slotKey}. */
  choose(question: Omit<SlotQuestion, "known" | "fresh">, fresh: ReadonlyMap<string, NonceState>): SlotChoice;
  /** See {@link KnownSlots}. */
  passTo(lot: bigint): void;
};

/** By the nonces of a token with EIP-3009: see {@link chooseSlot}. */
export const slotCounting: Counting = {
  nonceOf: slotNonceAfter,
  hasOpeners: true,
  memory() {
    const known = knownSlots();
    return {
      has: known.has,
      learn(slot, state) {
        if (state !== true || known.has(slot)) return false;
        known.add(slot);
        return true;
      },
      expected: (slot, settled) => known.has(slot) || settled.has(slotKey(slot)),
      choose: (question, fresh) =>
        chooseSlot({
          ...question,
          known,
          fresh: (slot) => fresh.get(slotKey(slot)) as boolean | undefined,
        }),
      passTo: known.passTo,
    };
  },
};

/** By the nonces of Permit2: see {@link chooseNode}. A lot is read at once, and asked about as its first slot. */
export const nodeCounting: Counting = {
  nonceOf: (prefix, node) => numberToHex(nodeNonceAfter(prefix, node), { size: 32 }),
  hasOpeners: false,
  memory(sizes) {
    const known = knownNodes();
    return {
      has: known.has,
      learn({ lot }, state) {
        const isNew = known.add(lot, BigInt(state));
        if (isNew && isFull(known.wordOf(lot), sizes)) known.close(lot);
        return isNew;
      },
      expected: ({ lot }) => known.wordOf(lot),
      choose: (question, fresh) =>
        chooseNode({
          ...question,
          known,
          fresh: (lot) => {
            const word = fresh.get(slotKey({ lot, size: 0, index: 0n }));
            return word === undefined ? undefined : BigInt(word);
          },
        }),
      passTo: known.passTo,
    };
  },
};
