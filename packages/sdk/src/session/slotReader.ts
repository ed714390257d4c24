import type { Hex } from "viem";
import { parseHex } from "../internal/parseHex.ts";
import type { Slot } from "./Slot.ts";
import { slotExists } from "./slotExists.ts";
import { type SlotPeriod, slotPrefix } from "./slotPrefix.ts";

/**
 * Decodes slots from EIP-3009 nonces, as in a token's events and `authorizationState`: the inverse of {@link slotNonce}.
 * Each nonce costs a comparison.
 *
 * @returns A function of a nonce. It returns undefined if the nonce is not of this period of this budget. Whether the
 * budget has that many lots and sizes is not checked.
 * @throws {InvalidInput} INVALID_INPUT, also from the returned function: not 32 bytes.
 *
 * @example
 * const readSlot = slotReader({ id: hashSession(session), budgetIndex: 0, period: 3n });
 * const slot = readSlot(nonce);
 */
export function slotReader(parameters: SlotPeriod): (nonce: Hex) => Slot | undefined {
  const prefix = slotPrefix(parameters);
  return (nonce) => {
    const digits = parseHex(nonce, "nonce", 32).toLowerCase();
    const rest = digits.slice(prefix.length);
    if (!digits.startsWith(prefix) || !rest.endsWith("0".repeat(16))) return undefined;
    const slot: Slot = {
      lot: BigInt(`0x${rest.slice(0, 8)}`),
      size: Number(`0x${rest.slice(8, 10)}`),
      index: BigInt(`0x${rest.slice(10, 14)}`),
    };
    return slotExists(slot) ? slot : undefined;
  };
}
