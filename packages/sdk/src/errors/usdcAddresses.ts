import type { Address } from "viem";

/**
 * USDC on chains where it is known to follow the rules that a budget relies on: Ethereum, Base and their test networks.
 * Not every chain with a USDC: on Arc, for one, it is also the native coin. viem's list has the same addresses (a test
 * compares); its addresses on all other chains would add more than a kilobyte to every page that bundles this SDK.
 */
export const usdcAddresses: Readonly<Record<number, Address>> = {
  1: "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48",
  8453: "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913",
  84532: "0x036CbD53842c5426634e7929541eC2318f3dCF7e",
  11155111: "0x1c7D4B196Cb0C7B01d743Fbc6116a902379C7238",
};
