import type { Address } from "viem";

/** What is known of a token, for showing amounts of it. */
export type TokenFacts = {
  /** The zero address is the chain's native coin. */
  token: Address;
  /** The symbol. For an unknown token it is only what the token calls itself. */
  symbol: string;
  decimals: number;
  /** Whether the SDK knows this token (USDC, the native coin), so that its symbol can be trusted. */
  known: boolean;
};
