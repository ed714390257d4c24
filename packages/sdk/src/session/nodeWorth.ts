/**
 * Maximum amount of a Permit2 payment in a node of this depth.
 *
 * @param perTransaction The budget's `perTransaction`, in token base units.
 * @param depth 0 is the whole lot, each further depth half of the one before.
 * @returns Token base units, rounded down.
 */
export const nodeWorth = (perTransaction: bigint, depth: number): bigint => perTransaction >> BigInt(depth);
