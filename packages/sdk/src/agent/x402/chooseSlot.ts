import type { Address } from "viem";
import type { Slot } from "../../session/Slot.ts";
import { slotWorth } from "../../session/slotWorth.ts";
import type { HeldSlot } from "./HeldSlot.ts";
import type { KnownSlots } from "./knownSlots.ts";
import { searchFreeLot, WIDEST_READ } from "./searchFreeLot.ts";

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
      /** From which lot on the next search may start; undefined: none was made. */
      start: bigint | undefined;
    }
  /** Read these from the token, then call again. */
  | { kind: "read"; slots: readonly Slot[] }
  /** Every suitable slot depends on authorizations that have neither settled nor expired yet. */
  | { kind: "wait"; for: readonly HeldSlot[] }
  /** The period has no slot for this amount; `largest` is the most that one payment can still move in it. */
  | { kind: "none"; largest: bigint };

/**
 * Chooses the slot for a payment, so that the chain accepts it and as much as possible is left for later ones.
 *
 * In this order: a follower, in an opened lot, of the best size (the smallest slot worth at least the
 * amount); a new lot, lowest first, as executions use them from the top; a larger follower in an opened lot. An opened lot
 * only has slots of one size. A follower is chosen only after its opener has settled, as the chain rejects it before. A
 * lot in which two sizes are used is dead. A lot whose opener is in flight is not used.
 *
 * How the new lot is found, see {@link searchFreeLot}.
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
  let start: bigint | undefined;
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

  let highestHeld = -1n;
  for (const slot of held) if (slot.lot > highestHeld) highestHeld = slot.lot;
  const search = searchFreeLot({
    lots,
    known,
    touched,
    isInFlight: (lot) => lotsInFlight.has(lot),
    highestHeld,
  });
  if ("read" in search) return { kind: "read", slots: unreadOf(search.read) };
  const { firstFree } = search;
  start = search.start;

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
