import { parseWhole } from "../internal/parseWhole.ts";
import { SIZE_BITS, type SignedPaymentKind } from "../session/SignedPaymentKind.ts";

/**
 * Most sizes that are chosen. With EIP-3009 each further one costs every payment more gas than the finer granularity saves;
 * with Permit2 it costs nothing.
 */
export const MOST_CHOSEN_SIZES: { readonly [kind in SignedPaymentKind]: number } = { eip3009: 5, permit2: 8 };

/**
 * The default number of sizes of a budget's signed payments: up to 5, each a quarter of the one before, with Permit2 up
 * to 8, each a half, as long as the smallest is worth a thousandth of a token; at least 1.
 *
 * @param perTransaction In base units: what the largest is worth.
 * @param decimals Of the token.
 * @param kind Default: `"eip3009"`.
 * @throws {InvalidInput} INVALID_INPUT
 */
export function defaultSlotSizes(
  perTransaction: bigint,
  decimals: number,
  kind: SignedPaymentKind = "eip3009",
): number {
  parseWhole(perTransaction, "perTransaction", 1n << 128n);
  parseWhole(decimals, "decimals", 256);
  const smallest = 10n ** BigInt(Math.max(decimals - 3, 0));
  let sizes = 1;
  while (sizes < MOST_CHOSEN_SIZES[kind] && perTransaction >> BigInt(SIZE_BITS[kind] * sizes) >= smallest)
    sizes++;
  return sizes;
}
