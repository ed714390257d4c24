import type { Hex } from "viem";

/** Calldata with its 32-byte word number `index`, counted behind the selector, replaced. */
export function withWord(calldata: Hex, index: number, word: bigint): Hex {
  const at = 10 + 64 * index;
  return `${calldata.slice(0, at) as Hex}${word.toString(16).padStart(64, "0")}${calldata.slice(at + 64)}`;
}

/** Word number `index` of calldata, counted behind the selector. */
export const wordOf = (calldata: Hex, index: number): bigint =>
  BigInt(`0x${calldata.slice(10 + 64 * index, 74 + 64 * index)}`);
