/**
 * What signed payments of a budget are counted by: the token's own EIP-3009, or Permit2, which works for any ERC-20 that
 * the account has approved to it.
 */
export type SignedPaymentKind = "eip3009" | "permit2";

/** How many bits less each size of signed payments is worth than the one before: a quarter, with Permit2 a half. */
export const SIZE_BITS: { readonly [kind in SignedPaymentKind]: number } = { eip3009: 2, permit2: 1 };
