/**
 * Maximum amount of an authorization in a slot of this size.
 *
 * @param perTransaction The budget's `perTransaction`, in token base units.
 * @param size 0 is the whole lot, each further size a quarter of the one before.
 * @returns Token base units, rounded down.
 */
export const slotWorth = (perTransaction: bigint, size: number): bigint => perTransaction >> BigInt(2 * size);
