import { type Hex, hexToBigInt } from "viem";
import { errorText } from "../errors/errorText.ts";
import { InvalidInput } from "../errors/InvalidInput.ts";
import { parseWhole } from "../internal/parseWhole.ts";
import type { Slot } from "./Slot.ts";
import { slotNonceAfter } from "./slotNonce.ts";
import { type SlotPeriod, slotPrefix } from "./slotPrefix.ts";

/**
 * The Permit2 nonce of a node: the same as `ISessionModule.nodeNonce`. Permit2's `nonceBitmap(account, nonce >> 8)` has a
 * bit for each used node of the lot.
 *
 * @param parameters The node; its `size` is the depth.
 * @returns The nonce of the lot's first slot, see {@link slotNonce}, with the node's number, 2^depth + index, in its last byte.
 * @throws {InvalidInput} NO_SUCH_SLOT: the lot is 2^32 or more, the depth above 7, or the index 2^depth or more;
 * INVALID_INPUT
 */
export function nodeNonce(parameters: SlotPeriod & Slot): bigint {
  const prefix = slotPrefix(parameters);
  const node: Slot = {
    lot: parseWhole(parameters.lot, "lot", 1n << 256n),
    size: parseWhole(parameters.size, "size", Number.MAX_SAFE_INTEGER),
    index: parseWhole(parameters.index, "index", 1n << 256n),
  };
  const { lot, size, index } = node;
  if (lot >= 1n << 32n || size > 7 || index >= 2n ** BigInt(size))
    throw new InvalidInput({
      ...errorText("NO_SUCH_SLOT", { lot: String(lot), size: String(size), index: String(index) }),
      details: node,
    });
  return nodeNonceAfter(prefix, node);
}

/** The same for a node that exists, after its {@link slotPrefix}. */
export const nodeNonceAfter = (prefix: Hex, node: Slot): bigint =>
  hexToBigInt(slotNonceAfter(prefix, { lot: node.lot, size: 0, index: 0n })) | nodeBit(node);

/** A node's number in the word of its lot: 1 is the whole lot, 2 and 3 are its halves, 4 to 7 its quarters. */
export const nodeBit = ({ size, index }: Omit<Slot, "lot">): bigint => (1n << BigInt(size)) | index;
