import type { Address } from "viem";

/** The versions of Safe that Latchkey supports. */
export type SafeVersion = "1.3.0" | "1.4.1" | "1.5.0";

/**
 * Safe's contracts at their canonical addresses, on every chain where Safe deployed them (not
 * on zkSync chains). A chain that lacks one needs that address as a parameter.
 */
export const safeAddresses = {
  /**
   * MultiSend 1.5.0: the first in which target 0 means the executing Safe, which the set-up of a new Safe
   * needs. It also works for Safes of older versions.
   */
  multiSend: "0x218543288004CD07832472D464648173c77D7eB7",
  /** MultiSendCallOnly 1.4.1: batches a Safe's calls; works for Safes of every version. */
  multiSendCallOnly: "0x9641d764fc13c8B624c04430C7356C1C7C8102e2",
  /** The handler of Safe 1.5.0 with a verifier for each EIP-712 domain. */
  extensibleFallbackHandler: "0x85a8ca358D388530ad0fB95D0cb89Dd44Fc242c3",
  /** The handler that Safe's own apps set on Safes 1.4.1. */
  compatibilityFallbackHandler: "0xfd0732Dc9E303f09fCEf3a7388Ad10A83459Ec99",
  /** Keeps one passkey in each Safe's own storage, and acts as its owner. */
  sharedSigner: "0x94a4F6affBd8975951142c3999aEAB7ecee555c2",
  /** Daimo's P-256 verifier in Solidity, for chains without the precompile. */
  p256Verifier: "0xc2b78104907F722DABAc4C69f826a522B2754De4",
  /** The P-256 precompile of RIP-7212 and EIP-7951. */
  p256Precompile: "0x0000000000000000000000000000000000000100",
} as const satisfies Record<string, Address>;

/** The head of a Safe's list of modules. */
export const SENTINEL_MODULE: Address = "0x0000000000000000000000000000000000000001";
