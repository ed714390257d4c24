import type { Address } from "viem";

/**
 * USDC where it is known to follow the rules that a budget relies on: Ethereum, Base and their test networks. Not every
 * chain with a USDC: on Arc, for one, it is the native coin at the same time. viem's list says the same of these (a test
 * compares); its addresses on all other chains would be more than a kilobyte of every page that is made of this SDK.
 */
const addresses: Readonly<Record<number, Address>> = {
  1: "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48",
  8453: "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913",
  84532: "0x036CbD53842c5426634e7929541eC2318f3dCF7e",
  11155111: "0x1c7D4B196Cb0C7B01d743Fbc6116a902379C7238",
};

/** The chain's own USDC, or undefined where this SDK knows none. */
export const usdcAddress = (chainId: number): Address | undefined => addresses[chainId];
