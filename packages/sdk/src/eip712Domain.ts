import type { Address } from "viem";

/** The EIP-712 domain of a module on a chain. */
export const eip712Domain = (chainId: number, module: Address) =>
  ({ name: "Latchkey", version: "1", chainId, verifyingContract: module }) as const;
