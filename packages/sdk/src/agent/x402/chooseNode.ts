import { nodeBit } from "../../session/nodeNonce.ts";
import { nodeWorth } from "../../session/nodeWorth.ts";
import type { SlotChoice, SlotQuestion } from "./chooseSlot.ts";
import type { HeldSlot } from "./HeldSlot.ts";
import type { KnownNodes } from "./knownNodes.ts";
import { searchFreeLot } from "./searchFreeLot.ts";

/** Input of {@link chooseNode}, which reads no chain, no clock and no store. The size of a slot is a node's depth. */
export type NodeQuestion = Omit<SlotQuestion, "payee" | "fresh" | "known" | "maxOpenersInFlight"> & {
  /** The word of a lot that was just read from Permit2; undefined: not read yet. */
  fresh: (lot: bigint) => bigint | undefined;
  /** The nodes that are known to be used. */
  known: KnownNodes;
};

/** A free node that lies in no larger free one. */
type Block = { depth: number; index: bigint };

/**
 * Chooses the node for a payment, so that Permit2 and the chain accept it and as much as possible is left for later ones.
 *
 * The node is of the best depth, the smallest that is worth at least the amount. It is cut out of the smallest free part of
 * an opened lot that has room for it; only if none has, a new lot is opened, lowest first, as executions use them from the
 * top. A node in flight counts as used: no payment waits for another to settle.
 *
 * @returns A node only if the word of its lot is in `fresh`. What it wants read are lots, each as its first slot.
 */
export function chooseNode(question: NodeQuestion): SlotChoice {
  const { perTransaction, sizes, value, held, known, fresh } = question;
  const left = question.perPeriod - question.spent;
  const lots = left > 0n ? left / perTransaction : 0n;
  let fit = sizes - 1;
  while (fit >= 0 && nodeWorth(perTransaction, fit) < value) fit--;
  if (fit < 0) return { kind: "none", largest: perTransaction };

  const heldIn = new Map<bigint, bigint>();
  let highestHeld = -1n;
  for (const node of held) {
    heldIn.set(node.lot, (heldIn.get(node.lot) ?? 0n) | (1n << nodeBit(node)));
    if (node.lot > highestHeld) highestHeld = node.lot;
  }
  const usedIn = (lot: bigint): bigint => known.wordOf(lot) | (fresh(lot) ?? 0n);
  const takenIn = (lot: bigint): bigint => usedIn(lot) | (heldIn.get(lot) ?? 0n);
  const read = (asked: readonly bigint[]): SlotChoice => ({
    kind: "read",
    slots: asked.map((lot) => ({ lot, size: 0, index: 0n })),
  });
  const nodeAt = (lot: bigint, { depth, index }: Block, start: bigint | undefined): SlotChoice =>
    fresh(lot) === undefined
      ? read([lot])
      : {
          kind: "slot",
          slot: { lot, size: fit, index: index << BigInt(fit - depth) },
          start,
        };

  /** The opened lots, those of which payments in flight take a part among them. */
  const openedLots = (): bigint[] => {
    const all = new Set<bigint>();
    for (const lot of known.opened) if (lot < lots) all.add(lot);
    for (const lot of heldIn.keys()) if (lot < lots) all.add(lot);
    return [...all].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  };
  /** The smallest free part that has room, in the lowest lot. */
  const bestPart = (): SlotChoice | undefined => {
    let best: { lot: bigint; block: Block } | undefined;
    for (const lot of openedLots()) {
      const block = smallestFree(takenIn(lot), fit);
      if (!block || (best && best.block.depth >= block.depth)) continue;
      best = { lot, block };
      if (block.depth === fit) break;
    }
    return best && nodeAt(best.lot, best.block, undefined);
  };

  // Usually a part of a lot that was opened before has room, and the others need not be read.
  const remembered = bestPart();
  if (remembered) return remembered;
  const search = searchFreeLot({
    lots,
    known,
    touched: (lot) => {
      if (known.wordOf(lot) !== 0n) return true;
      const word = fresh(lot);
      return word === undefined ? undefined : word !== 0n;
    },
    isInFlight: (lot) => heldIn.has(lot),
    highestHeld,
  });
  if ("read" in search) return read(search.read);
  const { firstFree, start } = search;
  if (firstFree !== undefined) return nodeAt(firstFree, { depth: 0, index: 0n }, start);

  // A payment in flight frees its node by expiring.
  const waiting = [...heldIn.keys()].filter((lot) => lot < lots);
  const unread = waiting.filter((lot) => fresh(lot) === undefined);
  if (unread.length > 0) return read(unread);
  const inTheWay = new Set(waiting.filter((lot) => smallestFree(usedIn(lot), fit)));
  const isUnsettled = (node: HeldSlot) => ((usedIn(node.lot) >> nodeBit(node)) & 1n) === 0n;
  const blocking = held.filter((node) => inTheWay.has(node.lot) && isUnsettled(node));
  if (blocking.length > 0) return { kind: "wait", for: blocking };

  let largest = 0n;
  for (const lot of openedLots())
    for (let depth = fit + 1; depth < sizes; depth++) {
      const worth = nodeWorth(perTransaction, depth);
      if (worth > largest && smallestFree(takenIn(lot), depth)) largest = worth;
    }
  return { kind: "none", largest };
}

/**
 * The smallest free part of a lot that has room for a node of a depth: the deepest node at or above that depth which is
 * free, with all below it, while the one above it is not.
 *
 * @param taken The bits that are used, or may be.
 */
export function smallestFree(taken: bigint, fit: number): Block | undefined {
  let best: Block | undefined;
  const visit = (depth: number, index: bigint): void => {
    const bit = (1n << BigInt(depth)) | index;
    if (((taken >> bit) & 1n) === 1n) return;
    if ((taken & bitsBelow(bit)) === 0n) {
      if (!best || depth > best.depth) best = { depth, index };
      return;
    }
    if (depth === fit) return;
    for (const child of [2n * index, 2n * index + 1n]) {
      visit(depth + 1, child);
      if (best?.depth === fit) return;
    }
  };
  visit(0, 0n);
  return best;
}

const below = new Map<bigint, bigint>();

/** The bits of all nodes below one. */
function bitsBelow(bit: bigint): bigint {
  const known = below.get(bit);
  if (known !== undefined) return known;
  let bits = 0n;
  let row = 2n;
  for (let first = bit << 1n; first < 256n; first <<= 1n) {
    bits |= ((1n << row) - 1n) << first;
    row <<= 1n;
  }
  below.set(bit, bits);
  return bits;
}

/** Whether a lot can take no more payments of any of a budget's sizes. */
export const isFull = (taken: bigint, sizes: number): boolean => smallestFree(taken, sizes - 1) === undefined;
