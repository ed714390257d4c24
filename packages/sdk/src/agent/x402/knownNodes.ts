import { nodeBit } from "../../session/nodeNonce.ts";
import type { Slot } from "../../session/Slot.ts";

/**
 * The nodes of one period that are known to be used, by the word of their lot. A used nonce stays used, so this only
 * grows; and nothing in it takes longer to find the more there is.
 */
export type KnownNodes = {
  /** The known bits of a lot. */
  wordOf(lot: bigint): bigint;
  has(node: Slot): boolean;
  /** @returns Whether any of the bits is new. */
  add(lot: bigint, word: bigint): boolean;
  /** Lots of which a part is known to be used, but not the whole as one node; in no order. */
  readonly opened: Iterable<bigint>;
  /** Forgets that a lot is opened: nothing is left in it. */
  close(lot: bigint): void;
  /** The lowest lot of which no part is known to be used. */
  readonly lowest: bigint;
  /** The same from the lot on to which a search has passed. */
  readonly start: bigint;
  /** Whether a search has found where the opened lots end. */
  readonly searched: boolean;
  /** Passes over the lots below one that a search has found. */
  passTo(lot: bigint): void;
};

/** The bit of the node that is the whole lot. */
const WHOLE = 2n;

/** Nothing is known yet. */
export function knownNodes(): KnownNodes {
  const words = new Map<bigint, bigint>();
  const opened = new Set<bigint>();
  let lowest = 0n;
  let start = 0n;
  let searched = false;
  const pass = () => {
    while (words.has(lowest)) lowest++;
    while (words.has(start)) start++;
  };
  return {
    wordOf: (lot) => words.get(lot) ?? 0n,
    has: (node) => ((words.get(node.lot) ?? 0n) >> nodeBit(node)) % 2n === 1n,
    add(lot, word) {
      const before = words.get(lot) ?? 0n;
      const after = before | word;
      if (after === before) return false;
      words.set(lot, after);
      if ((after & WHOLE) !== 0n) opened.delete(lot);
      else opened.add(lot);
      pass();
      return true;
    },
    opened,
    close: (lot) => void opened.delete(lot),
    get lowest() {
      return lowest;
    },
    get start() {
      return start;
    },
    get searched() {
      return searched;
    },
    passTo(lot) {
      searched = true;
      if (lot > start) start = lot;
      pass();
    },
  };
}
