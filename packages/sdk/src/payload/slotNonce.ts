import { encodeAbiParameters, type Hex, keccak256 } from "viem";
import { parseHex } from "../units/parseHex.ts";
import { parseWhole } from "../units/parseWhole.ts";
import type { Slot } from "./PayloadParameters.ts";

const words = [
  { type: "bytes32" },
  { type: "uint256" },
  { type: "uint256" },
  { type: "uint256" },
  { type: "uint256" },
  { type: "uint256" },
] as const;

/**
 * The EIP-3009 nonce of a slot: the same as `ISessionModule.slotNonce`. Ask the token's
 * `authorizationState(account, nonce)` whether the slot is used.
 *
 * @param id The session's id, by {@link hashSession}.
 * @param period Number of the period, 0 from the session's validAfter on.
 * @returns 32 bytes, of which the low 8 are zero, for tokens whose nonces are keyed sequences.
 * @throws {InvalidInput} INVALID_INPUT
 */
export function slotNonce(parameters: { id: Hex; budgetIndex: number; period: bigint } & Slot): Hex {
  const hash = keccak256(
    encodeAbiParameters(words, [
      parseHex(parameters.id, "id", 32),
      BigInt(parseWhole(parameters.budgetIndex, "budgetIndex", 256)),
      parseWhole(parameters.period, "period", 1n << 256n),
      parseWhole(parameters.lot, "lot", 1n << 256n),
      BigInt(parseWhole(parameters.size, "size", 256)),
      parseWhole(parameters.index, "index", 1n << 256n),
    ]),
  );
  return `${hash.slice(0, 50) as Hex}${"0".repeat(16)}`;
}
