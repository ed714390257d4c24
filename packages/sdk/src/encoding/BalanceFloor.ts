import type { Address } from "viem";

/** How much of a token an account must still hold when a session is replaced. */
export type BalanceFloor = {
  /** An ERC-20; the zero address is the chain's native coin. */
  token: Address;
  /** In the token's base units, or wei. */
  amount: bigint;
};
