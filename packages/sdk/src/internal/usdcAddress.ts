import type { Address } from "viem";
import { usdcAddresses } from "../errors/usdcAddresses.ts";

/** The chain's own USDC, or undefined if this SDK does not know it. */
export const usdcAddress = (chainId: number): Address | undefined => usdcAddresses[chainId];
