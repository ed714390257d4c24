/**
 * Most that an authorization in a slot of this size may move.
 *
 * @param perTransaction - the budget's `perTransaction`, in token base units
 * @param size - 0 is the whole lot, each further size a quarter of the one before
 * @returns token base units, rounded down
 */
export const slotWorth = (perTransaction: bigint, size: number): bigint => perTransaction >> BigInt(2 * size);
