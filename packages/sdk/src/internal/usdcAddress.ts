import type { Address } from "viem";
import { usdc } from "viem/tokens";

/**
 * Where USDC is known to follow the rules that a budget relies on: Ethereum, Base and their test networks. Not every
 * chain with a USDC: on Arc, for one, it is the native coin at the same time.
 */
const chains = [1, 8453, 84532, 11155111] as const;

/** The chain's own USDC, or undefined where this SDK knows none. */
export const usdcAddress = (chainId: number): Address | undefined => {
  const chain = chains.find((known) => known === chainId);
  return chain === undefined ? undefined : usdc.addresses[chain];
};
