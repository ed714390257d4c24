import { encodeAbiParameters, type Hex, keccak256, parseAbiParameters, slice } from "viem";
import { parseHex } from "../internal/parseHex.ts";
import { parseWhole } from "../internal/parseWhole.ts";

/** Selects the nonces of one period of one of a session's budgets. */
export type SlotPeriod = {
  /** The session's, by {@link hashSession}. */
  id: Hex;
  /** Which of the session's budgets. */
  budgetIndex: number;
  /** Number of the period, 0 from the session's validAfter on. */
  period: bigint;
};

const words = parseAbiParameters("bytes32, uint256, uint256");

/**
 * The first 17 bytes of the nonces of a budget's period: the same as `Slots.prefixOf`.
 *
 * @throws {InvalidInput} INVALID_INPUT
 */
export function slotPrefix({ id, budgetIndex, period }: SlotPeriod): Hex {
  const preimage = encodeAbiParameters(words, [
    parseHex(id, "id", 32),
    BigInt(parseWhole(budgetIndex, "budgetIndex", 256)),
    parseWhole(period, "period", 1n << 256n),
  ]);
  return slice(keccak256(preimage), 0, 17);
}
