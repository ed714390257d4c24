import type { Hex } from "viem";
import { parseHex } from "../internal/parseHex.ts";
import type { Slot } from "./Slot.ts";
import { slotExists } from "./slotExists.ts";
import { type SlotPeriod, slotPrefix } from "./slotPrefix.ts";

/**
 * Reads slots out of EIP-3009 nonces, as a token's events and `authorizationState` have them: what {@link slotNonce} does,
 * backwards. Each nonce costs a comparison.
 *
 * @returns A function of a nonce. It gives undefined where the nonce is none of this period of this budget. Whether the
 * budget has so many lots and sizes is not looked at.
 * @throws {InvalidInput} INVALID_INPUT, also by the function that it returns: no 32 bytes.
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
