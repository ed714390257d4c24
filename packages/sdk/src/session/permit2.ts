import type { Address } from "viem";

/** Uniswap's Permit2, which no session may call or approve. */
export const PERMIT2: Address = "0x000000000022D473030F116dDEE9F6B43aC78BA3";
/** x402's spender of Permit2 transfers by its exact scheme: it transfers what was signed, to the payee in the witness. */
export const X402_EXACT: Address = "0x402085c248EeA27D92E8b30b2C58ed07f9E20001";
/** The same by its upto scheme: at most what was signed, and only for the facilitator in the witness. */
export const X402_UPTO: Address = "0x4020A4f3b7b90ccA423B9fabCc0CE57C6C240002";
