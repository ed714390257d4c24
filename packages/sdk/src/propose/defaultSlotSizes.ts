import { parseWhole } from "../internal/parseWhole.ts";

/** More sizes than this cost each payment more gas than the finer granularity saves. */
const MOST = 5;

/**
 * The default number of slot sizes of a budget: up to 5, each a quarter of the one before, as long as the
 * smallest is worth a thousandth of a token; at least 1.
 *
 * @param perTransaction In base units: what the largest slot is worth.
 * @param decimals Of the token.
 * @throws {InvalidInput} INVALID_INPUT
 */
export function defaultSlotSizes(perTransaction: bigint, decimals: number): number {
  parseWhole(perTransaction, "perTransaction", 1n << 128n);
  parseWhole(decimals, "decimals", 256);
  const smallest = 10n ** BigInt(Math.max(decimals - 3, 0));
  let sizes = 1;
  while (sizes < MOST && perTransaction >> BigInt(2 * sizes) >= smallest) sizes++;
  return sizes;
}
