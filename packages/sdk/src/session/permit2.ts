import type { Address } from "viem";

/** Uniswap's Permit2, which no session may call or approve. */
export const PERMIT2: Address = "0x000000000022D473030F116dDEE9F6B43aC78BA3";
