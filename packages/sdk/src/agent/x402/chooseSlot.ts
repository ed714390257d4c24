import type { Address } from "viem";
import type { Slot } from "../../session/Slot.ts";
import { slotWorth } from "../../session/slotWorth.ts";
import type { HeldSlot } from "./HeldSlot.ts";
import { slotKey } from "./slotKey.ts";

/** What {@link chooseSlot} decides from. It reads no chain, no clock and no store. */
export type SlotQuestion = {
  /** The budget's limits, in token base units. */
  perTransaction: bigint;
  perPeriod: bigint;
  sizes: number;
  /** What executions have spent of the period, in token base units: they spend from the top. */
  spent: bigint;
  /** What the payment moves, in token base units. */
  value: bigint;
  /** Who is paid. */
  payee: Address;
  /** Slots of this period that an authorization signed earlier may still fill. */
  held: readonly HeldSlot[];
  /** What the token said just now of a slot's nonce; undefined: not asked yet. */
  fresh: (slot: Slot) => boolean | undefined;
  /** Whether the token ever said that the slot's nonce is used. A used nonce stays used. */
  known: (slot: Slot) => boolean;
  /** Lots of which the token ever said that an opener is used, lowest first. */
  openedBefore: readonly bigint[];
  /** Most openers of parts of lots that may be in flight to one payee. */
  maxOpenersInFlight: number;
};

/** The answer: a slot, or what is missing to find one. */
export type SlotChoice =
  /** Sign for this slot. */
  | { kind: "slot"; slot: Slot }
  /** Ask the token about these, then ask again. */
  | { kind: "read"; slots: readonly Slot[] }
  /** All that would do hangs on authorizations that have neither settled nor lapsed yet. */
  | { kind: "wait"; for: readonly HeldSlot[] }
  /** The period has no slot for this value; `largest` is the most that one payment can still move in it. */
  | { kind: "none"; largest: bigint };

/** So many untouched lots in a row after the first say that no opened one follows. */
const QUIET_LOTS = 16;
/** Lots, or followers of one lot, that one question to the token covers: few at first, more if these are used. */
const WIDEST_READ = 128;

/**
 * Chooses the slot for a payment, so that the chain accepts it and as much as possible is left for later ones.
 *
 * In this order: a follower, in an opened lot, of the size that fits best (the smallest slot worth at least the
 * value); a new lot, lowest first, as executions come from the top; a larger follower in an opened lot. An opened lot
 * serves its one size only. A follower is chosen only when its opener has settled, as the chain refuses it before. A
 * lot in which two sizes are used is dead. A lot whose opener is in flight is left alone.
 *
 * @returns a slot only if its own nonce and all openers of its lot were asked about in `fresh`
 */
export function chooseSlot(question: SlotQuestion): SlotChoice {
  const { perTransaction, sizes, value, held } = question;
  const left = question.perPeriod - question.spent;
  const lots = left > 0n ? left / perTransaction : 0n;
  let fit = sizes - 1;
  while (fit >= 0 && slotWorth(perTransaction, fit) < value) fit--;
  if (fit < 0) return { kind: "none", largest: perTransaction };

  const heldKeys = new Set(held.map(slotKey));
  const used = (slot: Slot) => question.fresh(slot) ?? (question.known(slot) ? true : undefined);
  const openersOf = (lot: bigint): Slot[] =>
    Array.from({ length: sizes }, (_, size) => ({ lot, size, index: 0n }));
  const heldOpeners = held.filter((slot) => slot.index === 0n && slot.lot < lots);
  const lotsInFlight = new Set(heldOpeners.map((slot) => slot.lot));
  const openedSize = (lot: bigint): number | "none" | "dead" => {
    const [only, other] = openersOf(lot).filter((opener) => used(opener) === true);
    return only === undefined ? "none" : other === undefined ? only.size : "dead";
  };

  // What was known from before is asked again: a nonce burnt since, in another size, kills the lot.
  const confirmed = (slot: Slot): SlotChoice => {
    const unread = [...openersOf(slot.lot), slot].filter((each) => question.fresh(each) === undefined);
    return unread.length > 0 ? { kind: "read", slots: unread } : { kind: "slot", slot };
  };
  const followerIn = (lot: bigint, size: number): SlotChoice | undefined => {
    const unread: Slot[] = [];
    const slots = 4n ** BigInt(size);
    let read = 0;
    for (let index = 1n; index < slots && unread.length <= Math.min(8 * read, WIDEST_READ); index++) {
      const slot = { lot, size, index };
      if (question.fresh(slot) !== undefined) read++;
      const state = used(slot);
      if (state === true || heldKeys.has(slotKey(slot))) continue;
      if (state === undefined) unread.push(slot);
      else if (unread.length === 0) return confirmed(slot);
    }
    return unread.length > 0 ? { kind: "read", slots: unread } : undefined;
  };
  const followerOf = (size: number, among: readonly bigint[]): SlotChoice | undefined => {
    for (const lot of among) {
      const choice = openedSize(lot) === size ? followerIn(lot, size) : undefined;
      if (choice) return choice;
    }
    return undefined;
  };

  // Most often a lot that was opened before, or was to be, will do, and nothing need be asked about the others.
  const toBeOpened = heldOpeners.filter((slot) => slot.size === fit && fit > 0);
  const unheard = toBeOpened.filter((slot) => used(slot) === undefined);
  if (unheard.length > 0) return { kind: "read", slots: unheard };
  const remembered = followerOf(fit, [
    ...question.openedBefore.filter((lot) => lot < lots),
    ...toBeOpened.map((slot) => slot.lot),
  ]);
  if (remembered) return remembered;

  // Which lots are opened? Read on until nothing has been touched for a while.
  const opened: bigint[] = [];
  let firstFree: bigint | undefined;
  let quiet = 0;
  let read = 0;
  let highestHeld = -1n;
  for (const slot of held) if (slot.lot > highestHeld) highestHeld = slot.lot;
  const missing: Slot[] = [];
  let missingLots = 0;
  for (let lot = 0n; lot < lots && (quiet < QUIET_LOTS || lot <= highestHeld); lot++) {
    const openers = openersOf(lot);
    const unread = openers.filter((opener) => used(opener) === undefined);
    if (openedSize(lot) !== "none") {
      opened.push(lot);
      if (firstFree !== undefined) quiet = 0;
    } else if (unread.length > 0) {
      missing.push(...unread);
      missingLots++;
      if (missingLots >= Math.min(QUIET_LOTS + read, WIDEST_READ)) break;
    } else {
      read++;
      if (!lotsInFlight.has(lot)) firstFree ??= lot;
      if (firstFree !== undefined) quiet++;
    }
  }
  if (missing.length > 0) return { kind: "read", slots: missing };

  const best = followerOf(fit, opened);
  if (best) return best;
  if (firstFree !== undefined) {
    // A payment of a whole lot keeps nothing from others that it does not pay for.
    const payee = question.payee.toLowerCase();
    const mine = heldOpeners.filter(
      (slot) => slot.size > 0 && used(slot) !== true && slot.payee.toLowerCase() === payee,
    );
    if (fit > 0 && mine.length >= question.maxOpenersInFlight) return { kind: "wait", for: mine };
    return confirmed({ lot: firstFree, size: fit, index: 0n });
  }
  for (let size = fit - 1; size > 0; size--) {
    const choice = followerOf(size, opened);
    if (choice) return choice;
  }

  // An authorization in flight frees something by settling (its opener's followers) or by lapsing (its own slot).
  const useful = held.filter((slot) => slot.lot < lots && slot.size <= fit);
  const unread = useful.filter((slot) => used(slot) === undefined);
  if (unread.length > 0) return { kind: "read", slots: unread };
  const blocking = useful.filter((slot) => used(slot) === false);
  if (blocking.length > 0) return { kind: "wait", for: blocking };

  for (let size = fit + 1; size < sizes; size++) {
    const choice = followerOf(size, opened);
    if (choice?.kind === "read") return choice;
    if (choice) return { kind: "none", largest: slotWorth(perTransaction, size) };
  }
  return { kind: "none", largest: 0n };
}
