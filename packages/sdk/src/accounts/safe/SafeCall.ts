import type { Address, Hex } from "viem";

/** A call for a Safe to make, in the form that wallets and protocol-kit batch. */
export type SafeCall = {
  to: Address;
  /** In wei. */
  value: bigint;
  data: Hex;
};
