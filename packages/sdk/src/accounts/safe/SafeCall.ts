import type { Address, Hex } from "viem";

/** A call of a Safe, in the format that wallets and protocol-kit batch. */
export type SafeCall = {
  to: Address;
  /** In wei. */
  value: bigint;
  data: Hex;
};
