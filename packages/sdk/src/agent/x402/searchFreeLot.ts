/** What a search needs to know; it reads nothing itself. */
export type LotQuestion = {
  /** How many lots payments may use: those above belong to executions. */
  lots: bigint;
  /** What earlier searches in the period have found. */
  known: {
    /** Whether one has found where the opened lots end. */
    readonly searched: boolean;
    /** The lowest lot that may be free, of all lots and from the one on to which a search has passed. */
    readonly lowest: bigint;
    readonly start: bigint;
  };
  /** Whether a payment has used a part of a lot; undefined: not read. */
  touched: (lot: bigint) => boolean | undefined;
  /** Whether a payment in flight may use a part of it. */
  isInFlight: (lot: bigint) => boolean;
  /** The highest lot that payments in flight are in; -1: there are none. */
  highestHeld: bigint;
};

/** After this many untouched lots in a row, no opened one follows. */
const QUIET_LOTS = 16n;
/** Lots, or followers of one lot, that are read at once: few at first, more if these are used. */
export const WIDEST_READ = 128;
/** A first search asks about so many lots at a time until the opened ones end within so many. */
const SEARCH_WIDTH = 96n;

/**
 * Finds the lowest lot that no payment has used a part of, and reads all opened ones near it on the way.
 *
 * The first search in a period gallops to where the opened lots end: it asks about ever higher lots, then about some
 * between the last opened and the first untouched of these. It passes over the lots below, which are read once no other is
 * left.
 *
 * @returns Lots to read first; or the free lot, if there is one, and from which lot on the next search may start.
 */
export function searchFreeLot(
  question: LotQuestion,
): { read: readonly bigint[] } | { firstFree: bigint | undefined; start: bigint } {
  const { lots, known, touched, isInFlight, highestHeld } = question;
  const unreadOf = (asked: readonly bigint[]) => asked.filter((lot) => touched(lot) === undefined);
  let { start } = known;

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
    if (unread.length > 0) return { read: unread };
  }

  // Which lots are opened from there on? Read on until none was for a while.
  let firstFree: bigint | undefined;
  const scan = (from: bigint, to: bigint): readonly bigint[] => {
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
        if (!isInFlight(lot)) firstFree ??= lot;
        if (firstFree !== undefined) quiet++;
      }
    }
    return missing;
  };
  const unscanned = scan(start, lots);
  if (unscanned.length > 0) return { read: unscanned };
  // The lots that were passed over come last.
  const passedOver = firstFree === undefined ? scan(known.lowest, start) : [];
  if (passedOver.length > 0) return { read: passedOver };
  return { firstFree, start };
}
