/** In whole tokens: nobody holds that much, so such a limit is meaningless. */
const BEYOND_ALL = 1_000_000_000n;

/**
 * Whether an amount is too high to act as a limit.
 *
 * @param amount In base units.
 * @param decimals Of the token.
 */
export const isBeyondAll = (amount: bigint, decimals: number): boolean =>
  amount >= BEYOND_ALL * 10n ** BigInt(decimals);
