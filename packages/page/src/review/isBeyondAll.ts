/** In whole tokens: nobody holds that much, so a limit of it is none. */
const BEYOND_ALL = 1_000_000_000n;

/**
 * Whether an amount is so high that, as a limit, it limits nothing.
 *
 * @param amount In base units.
 * @param decimals Of the token.
 */
export const isBeyondAll = (amount: bigint, decimals: number): boolean =>
  amount >= BEYOND_ALL * 10n ** BigInt(decimals);
