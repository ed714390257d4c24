import type { Hex } from "viem";
import type { Slot } from "./Slot.ts";
import { type SlotPeriod, slotPrefix } from "./slotPrefix.ts";

/** A node whose nonce stands somewhere, and the nonce. Its depth is `size`. */
export type FoundNode = { node: Slot; nonce: Hex };

/**
 * Finds the nonces of nodes in bytes, such as the calldata of a transaction that settles payments by Permit2. Anything else
 * hardly ever begins with the same 17 bytes.
 *
 * @returns A function of bytes in hex, which returns what it finds in their order, each once. Whether the budget has that
 * many lots and sizes is not checked.
 */
export function nodeReader(period: SlotPeriod): (bytes: Hex) => FoundNode[] {
  const prefix = slotPrefix(period).slice(2);
  return (bytes) => {
    const text = bytes.toLowerCase();
    const found = new Map<Hex, FoundNode>();
    for (let at = text.indexOf(prefix); at >= 0; at = text.indexOf(prefix, at + 2)) {
      const nonce: Hex = `0x${text.slice(at, at + 64)}`;
      const place = Number(`0x${nonce.slice(-2)}`);
      // The slot's size and index, and its zeros, are 0 in a node's word.
      const isWord = nonce.length === 66 && /^0{20}$/.test(nonce.slice(44, 64));
      if (!isWord || !(place > 0) || found.has(nonce)) continue;
      const size = Math.floor(Math.log2(place));
      found.set(nonce, {
        node: { lot: BigInt(`0x${nonce.slice(36, 44)}`), size, index: BigInt(place - 2 ** size) },
        nonce,
      });
    }
    return [...found.values()];
  };
}
