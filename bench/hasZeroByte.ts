import { type Hex, hexToBytes } from "viem";

/** Whether a byte is zero: of calldata such a byte costs 12 gas less than any other. */
export const hasZeroByte = (bytes: Hex): boolean => hexToBytes(bytes).includes(0);
