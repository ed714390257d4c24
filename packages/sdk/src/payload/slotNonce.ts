import { encodeAbiParameters, type Hex, keccak256 } from "viem";
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
 */
export function slotNonce(parameters: { id: Hex; budgetIndex: number; period: bigint } & Slot): Hex {
  const hash = keccak256(
    encodeAbiParameters(words, [
      parameters.id,
      BigInt(parameters.budgetIndex),
      parameters.period,
      parameters.lot,
      BigInt(parameters.size),
      parameters.index,
    ]),
  );
  return `${hash.slice(0, 50) as Hex}${"0".repeat(16)}`;
}
