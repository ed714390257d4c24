import type { Slot } from "../../session/Slot.ts";
import { slotKey } from "./slotKey.ts";

/**
 * The slots of one period that are known to be used. A used nonce stays used, so this only grows; and nothing in it takes
 * longer to find the more there is.
 */
export type KnownSlots = {
  has(slot: Slot): boolean;
  /** Whether any opener of a lot is known to be used. */
  isOpened(lot: bigint): boolean;
  add(slot: Slot): void;
  /** Lots opened with one size, and that size alone, whose followers are not all known to be used; lowest first. */
  openedWith(size: number): readonly bigint[];
  /** The first follower of a size in a lot that is not known to be used. */
  nextFollower(lot: bigint, size: number): bigint;
  /** The lowest lot without a known opener. */
  readonly lowest: bigint;
  /** The same from the lot on to which a search has passed. */
  readonly start: bigint;
  /** Whether a search has found where the opened lots end. */
  readonly searched: boolean;
  /** Passes over the lots below one that a search has found. */
  passTo(lot: bigint): void;
};

/** Nothing is known yet. */
export function knownSlots(): KnownSlots {
  const used = new Set<string>();
  /** The sizes of the known openers of a lot, a bit each. */
  const openers = new Map<bigint, number>();
  const followers = new Map<string, bigint>();
  const opened = new Map<number, bigint[]>();
  let lowest = 0n;
  let start = 0n;
  let searched = false;

  const openedWith = (size: number): bigint[] => {
    const lots = opened.get(size) ?? [];
    opened.set(size, lots);
    return lots;
  };
  const remove = (lots: bigint[], lot: bigint) => {
    const place = placeOf(lots, lot);
    if (lots[place] === lot) lots.splice(place, 1);
  };

  function addOpener({ lot, size }: Slot) {
    const before = openers.get(lot) ?? 0;
    openers.set(lot, before | (1 << size));
    const lots = openedWith(size);
    if (before === 0 && size > 0) lots.splice(placeOf(lots, lot), 0, lot);
    // A lot in which two sizes are used is dead.
    else for (const each of opened.values()) remove(each, lot);
    while (openers.has(lowest)) lowest++;
    while (openers.has(start)) start++;
  }

  return {
    has: (slot) => used.has(slotKey(slot)),
    isOpened: (lot) => openers.has(lot),
    add(slot) {
      const { lot, size, index } = slot;
      if (used.has(slotKey(slot))) return;
      used.add(slotKey(slot));
      if (index === 0n) return addOpener(slot);
      const name = `${lot}/${size}`;
      let next = followers.get(name) ?? 1n;
      while (used.has(`${name}/${next}`)) next++;
      followers.set(name, next);
      if (next >= 4n ** BigInt(size)) remove(openedWith(size), lot);
    },
    openedWith,
    nextFollower: (lot, size) => followers.get(`${lot}/${size}`) ?? 1n,
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
      while (openers.has(start)) start++;
    },
  };
}

/** Where a lot is, or belongs, among lots in order. Nearly always at the end. */
function placeOf(lots: readonly bigint[], lot: bigint): number {
  let low = 0;
  let high = lots.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((lots[middle] as bigint) < lot) low = middle + 1;
    else high = middle;
  }
  return low;
}
