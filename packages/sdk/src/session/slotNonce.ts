import { concat, type Hex, numberToHex } from "viem";
import { errorText } from "../errors/errorText.ts";
import { InvalidInput } from "../errors/InvalidInput.ts";
import { parseWhole } from "../internal/parseWhole.ts";
import type { Slot } from "./Slot.ts";
import { slotExists } from "./slotExists.ts";
import { type SlotPeriod, slotPrefix } from "./slotPrefix.ts";

/**
 * The EIP-3009 nonce of a slot: the same as `ISessionModule.slotNonce`. Ask the token's
 * `authorizationState(account, nonce)` whether the slot is used. {@link slotReader} decodes nonces.
 *
 * @returns 32 bytes: 17 of keccak256(abi.encode(id, budgetIndex, period)), then the lot (4), the size (1), the index (2),
 * and 8 zeros, for tokens whose nonces are keyed sequences.
 * @throws {InvalidInput} NO_SUCH_SLOT: the lot is 2^32 or more, the size above 7, or the index 4^size or more;
 * INVALID_INPUT
 */
export function slotNonce(parameters: SlotPeriod & Slot): Hex {
  const prefix = slotPrefix(parameters);
  const slot: Slot = {
    lot: parseWhole(parameters.lot, "lot", 1n << 256n),
    size: parseWhole(parameters.size, "size", Number.MAX_SAFE_INTEGER),
    index: parseWhole(parameters.index, "index", 1n << 256n),
  };
  if (!slotExists(slot))
    throw new InvalidInput({
      ...errorText("NO_SUCH_SLOT", {
        lot: String(slot.lot),
        size: String(slot.size),
        index: String(slot.index),
      }),
      details: slot,
    });
  return slotNonceAfter(prefix, slot);
}

/** The same for a slot that exists, after its {@link slotPrefix}. */
export const slotNonceAfter = (prefix: Hex, slot: Slot): Hex =>
  concat([
    prefix,
    numberToHex(slot.lot, { size: 4 }),
    numberToHex(slot.size, { size: 1 }),
    numberToHex(slot.index, { size: 2 }),
    "0x0000000000000000",
  ]);
