import type { Address } from "viem";

/** What is known of a token, for showing amounts of it. */
export type TokenFacts = {
  /** The zero address is the chain's native coin. */
  token: Address;
  /** What people call it. Of a token that nobody vouches for it is only what the token calls itself. */
  symbol: string;
  decimals: number;
  /** Whether the SDK knows this very token (USDC, the native coin), so that its symbol can be trusted. */
  known: boolean;
};
