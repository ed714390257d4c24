import { type Address, domainSeparator, type Hex } from "viem";
import { parseChainId } from "../internal/parseWhole.ts";
import type { PaymentMethod } from "./paymentMethods.ts";

/** Uniswap's Permit2, which no session may call or approve. */
export const PERMIT2: Address = "0x000000000022D473030F116dDEE9F6B43aC78BA3";

/** x402's spenders of Permit2 transfers, by method. Each pays only the address that the key signed. */
export const X402_PROXIES: { readonly [method in Exclude<PaymentMethod, "eip3009">]: Address } = {
  "permit2-exact": "0x402085c248EeA27D92E8b30b2C58ed07f9E20001",
  "permit2-upto": "0x4020A4f3b7b90ccA423B9fabCc0CE57C6C240002",
};

/**
 * Permit2's EIP-712 domain, which has no version.
 *
 * @throws {InvalidInput} INVALID_INPUT
 */
export const permit2Domain = (chainId: number) =>
  ({ name: "Permit2", chainId: parseChainId(chainId), verifyingContract: PERMIT2 }) as const;

/**
 * The separator of {@link permit2Domain}.
 *
 * @throws {InvalidInput} INVALID_INPUT
 */
export const permit2DomainSeparator = (chainId: number): Hex =>
  domainSeparator({ domain: permit2Domain(chainId) });
