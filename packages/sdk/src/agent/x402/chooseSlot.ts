import type { Address } from "viem";
import type { Slot } from "../../session/Slot.ts";
import { slotWorth } from "../../session/slotWorth.ts";
import type { HeldSlot } from "./HeldSlot.ts";
import type { KnownSlots } from "./knownSlots.ts";

/** Input of {@link chooseSlot}, which reads no chain, no clock and no store. */
export type SlotQuestion = {
  /** The budget's limits, in token base units. */
  perTransaction: bigint;
  perPeriod: bigint;
  sizes: number;
  /** Spent by executions in the period, in token base units: they spend from the top. */
  spent: bigint;
  /** The payment's amount, in token base units. */
  value: bigint;
  /** The payee. */
  payee: Address;
  /** Slots of this period that an earlier authorization may still use. */
  held: readonly HeldSlot[];
  /** The state of a slot's nonce that was just read from the token; undefined: not read yet. */
  fresh: (slot: Slot) => boolean | undefined;
  /** The slots that are known to be used. */
  known: KnownSlots;
  /** Most openers of partial lots that may be in flight to one payee. */
  maxOpenersInFlight: number;
};

/** The result: a slot, or what is missing to find one. */
export type SlotChoice =
  /** Sign for this slot. */
  | {
      kind: "slot";
      slot: Slot;
      /** From which lot on the next search may start. */
      start: bigint;
    }
  /** Read these from the token, then call again. */
  | { kind: "read"; slots: readonly Slot[] }
  /** Every suitable slot depends on authorizations that have neither settled nor expired yet. */
  | { kind: "wait"; for: readonly HeldSlot[] }
  /** The period has no slot for this amount; `largest` is the most that one payment can still move in it. */
  | { kind: "none"; largest: bigint };

/** After this many untouched lots in a row, no opened one follows. */
const QUIET_LOTS = 16n;
/** Lots, or followers of one lot, that are read at once: few at first, more if these are used. */
const WIDEST_READ = 128;
/** A first search asks about so many lots at a time until the opened ones end within so many. */
const SEARCH_WIDTH = 96n;

/**
 * Chooses the slot for a payment, so that the chain accepts it and as much as possible is left for later ones.
 *
 * In this order: a follower, in an opened lot, of the best size (the smallest slot worth at least the
 * amount); a new lot, lowest first, as executions use them from the top; a larger follower in an opened lot. An opened lot
 * only has slots of one size. A follower is chosen only after its opener has settled, as the chain rejects it before. A
 * lot in which two sizes are used is dead. A lot whose opener is in flight is not used.
 *
 * The first search in a period gallops to where the opened lots end: it asks about ever higher lots, then about some
 * between the last opened and the first untouched of these. It passes over the lots below, which are read once no other is
 * left.
 *
 * @returns A slot only if its own nonce and all openers of its lot are in `fresh`.
 */
export function chooseSlot(question: SlotQuestion): SlotChoice {
  const { perTransaction, sizes, value, held, known } = question;
  const left = question.perPeriod - question.spent;
  const lots = left > 0n ? left / perTransaction : 0n;
  let fit = sizes - 1;
  while (fit >= 0 && slotWorth(perTransaction, fit) < value) fit--;
  if (fit < 0) return { kind: "none", largest: perTransaction };

  // By lot and size: after a while those that this agent has just signed for are by far the most.
  const heldIn = new Map<bigint, Set<bigint>>();
  const placeOf = ({ lot, size }: Omit<Slot, "index">) => lot * BigInt(sizes) + BigInt(size);
  for (const slot of held) {
    const place = placeOf(slot);
    const indexes = heldIn.get(place);
    if (indexes) indexes.add(slot.index);
    else heldIn.set(place, new Set([slot.index]));
  }
  const used = (slot: Slot) => question.fresh(slot) ?? (known.has(slot) ? true : undefined);
  const openersOf = (lot: bigint): Slot[] =>
    Array.from({ length: sizes }, (_, size) => ({ lot, size, index: 0n }));
  const heldOpeners = held.filter((slot) => slot.index === 0n && slot.lot < lots);
  const lotsInFlight = new Set(heldOpeners.map((slot) => slot.lot));
  const openedSize = (lot: bigint): number | "none" | "dead" => {
    let only: number | "none" = "none";
    for (let size = 0; size < sizes; size++) {
      if (used({ lot, size, index: 0n }) !== true) continue;
      if (only !== "none") return "dead";
      only = size;
    }
    return only;
  };

  // What was known before is read again: a nonce used since, in another size, kills the lot.
  const confirmed = (slot: Slot): SlotChoice => {
    const unread = [...openersOf(slot.lot), slot].filter((each) => question.fresh(each) === undefined);
    return unread.length > 0 ? { kind: "read", slots: unread } : { kind: "slot", slot, start };
  };
  const followerIn = (lot: bigint, size: number): SlotChoice | undefined => {
    const unread: Slot[] = [];
    const slots = 4n ** BigInt(size);
    const taken = heldIn.get(placeOf({ lot, size }));
    let read = known.searched ? 0 : WIDEST_READ;
    for (
      let index = known.nextFollower(lot, size);
      index < slots && unread.length <= Math.min(8 * read, WIDEST_READ);
      index++
    ) {
      if (taken?.has(index)) continue;
      const slot = { lot, size, index };
      if (question.fresh(slot) !== undefined) read++;
      const state = used(slot);
      if (state === true) continue;
      if (state === undefined) unread.push(slot);
      else if (unread.length === 0) return confirmed(slot);
    }
    return unread.length > 0 ? { kind: "read", slots: unread } : undefined;
  };
  const followerOf = (size: number): SlotChoice | undefined => {
    for (const lot of known.openedWith(size)) {
      if (lot >= lots) break;
      const choice = openedSize(lot) === size ? followerIn(lot, size) : undefined;
      if (choice) return choice;
    }
    for (const opener of heldOpeners) {
      if (opener.size !== size || known.has(opener) || openedSize(opener.lot) !== size) continue;
      const choice = followerIn(opener.lot, size);
      if (choice) return choice;
    }
    return undefined;
  };

  // Usually a lot that was opened before, or was about to be, is suitable, and the others need not be read.
  let start = known.start;
  const toBeOpened = heldOpeners.filter((slot) => slot.size === fit && fit > 0);
  const unheard = toBeOpened.filter((slot) => used(slot) === undefined);
  if (unheard.length > 0) return { kind: "read", slots: unheard };
  const remembered = followerOf(fit);
  if (remembered) return remembered;

  /** Whether a lot is opened, or dead; undefined: not all of its openers were read. */
  const touched = (lot: bigint): boolean | undefined => {
    if (known.isOpened(lot)) return true;
    let read = true;
    for (let size = 0; size < sizes; size++) {
      const state = question.fresh({ lot, size, index: 0n });
      if (state) return true;
      if (state === undefined) read = false;
    }
    return read ? false : undefined;
  };
  const unreadOf = (asked: readonly bigint[]): Slot[] =>
    asked.flatMap((lot) => openersOf(lot).filter((opener) => used(opener) === undefined));

  // Where do the opened lots end?
  if (!known.searched) {
    const first: bigint[] = [];
    for (let lot = 0n; lot < lots && lot < QUIET_LOTS; lot++) first.push(lot);
    let ahead: bigint[] = [];
    for (let lot = QUIET_LOTS; lot < lots; lot *= 2n) ahead.push(lot);
    let unread = unreadOf([...first, ...ahead]);
    let end = lots;
    while (unread.length === 0 && ahead.length > 0) {
      const place = ahead.findLastIndex((lot) => touched(lot) === true);
      if (place < 0) break;
      const last = ahead[place] as bigint;
      end = ahead[place + 1] ?? end;
      start = last < QUIET_LOTS ? 0n : last - QUIET_LOTS + 1n;
      const step = (end - last) / SEARCH_WIDTH;
      if (step === 0n) break;
      ahead = [];
      for (let lot = last; lot < end; lot += step + 1n) ahead.push(lot);
      unread = unreadOf(ahead);
    }
    if (unread.length > 0) return { kind: "read", slots: unread };
  }

  // Which lots are opened from there on? Read on until none was for a while.
  let firstFree: bigint | undefined;
  let highestHeld = -1n;
  for (const slot of held) if (slot.lot > highestHeld) highestHeld = slot.lot;
  const scan = (from: bigint, to: bigint): SlotChoice | undefined => {
    const missing: bigint[] = [];
    let quiet = 0n;
    let read = known.searched ? Number(QUIET_LOTS) : WIDEST_READ;
    for (let lot = from; lot < to && (quiet < QUIET_LOTS || lot <= highestHeld); lot++) {
      const isTouched = touched(lot);
      if (isTouched) {
        if (firstFree !== undefined) quiet = 0n;
      } else if (isTouched === undefined) {
        missing.push(lot);
        if (missing.length >= Math.min(read, WIDEST_READ)) break;
      } else {
        read++;
        if (!lotsInFlight.has(lot)) firstFree ??= lot;
        if (firstFree !== undefined) quiet++;
      }
    }
    return missing.length > 0 ? { kind: "read", slots: unreadOf(missing) } : undefined;
  };
  const unscanned = scan(start, lots);
  if (unscanned) return unscanned;
  // The lots that were passed over come last.
  const passedOver = firstFree === undefined ? scan(known.lowest, start) : undefined;
  if (passedOver) return passedOver;

  const best = followerOf(fit);
  if (best) return best;
  if (firstFree !== undefined) {
    // A payment of a whole lot reserves only what it pays.
    const payee = question.payee.toLowerCase();
    const mine = heldOpeners.filter(
      (slot) => slot.size > 0 && used(slot) !== true && slot.payee.toLowerCase() === payee,
    );
    if (fit > 0 && mine.length >= question.maxOpenersInFlight) return { kind: "wait", for: mine };
    return confirmed({ lot: firstFree, size: fit, index: 0n });
  }
  for (let size = fit - 1; size > 0; size--) {
    const choice = followerOf(size);
    if (choice) return choice;
  }

  // An authorization in flight frees slots by settling (its opener's followers) or by expiring (its own slot).
  const useful = held.filter((slot) => slot.lot < lots && slot.size <= fit);
  const unread = useful.filter((slot) => used(slot) === undefined);
  if (unread.length > 0) return { kind: "read", slots: unread };
  const blocking = useful.filter((slot) => used(slot) === false);
  if (blocking.length > 0) return { kind: "wait", for: blocking };

  for (let size = fit + 1; size < sizes; size++) {
    const choice = followerOf(size);
    if (choice?.kind === "read") return choice;
    if (choice) return { kind: "none", largest: slotWorth(perTransaction, size) };
  }
  return { kind: "none", largest: 0n };
}
