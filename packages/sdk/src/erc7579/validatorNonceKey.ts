import { type Address, concat, type Hex, hexToBigInt, numberToHex } from "viem";
import type { Erc7579AccountKind } from "./Erc7579AccountKind.ts";

/**
 * The key of a userOp's nonce, 192 bits, by which the account takes a validator for it. Ask the EntryPoint's
 * `getNonce(account, key)` for the nonce itself.
 *
 * @param parameters.validator The module of the session; or the owner's validator, for the owner's own userOps.
 * @param parameters.lane UserOps of different lanes need not wait for each other: a number of up to 4 bytes, on a Nexus
 * 3, on a Kernel 2. Default: 0.
 * @throws If the lane is larger.
 */
export function validatorNonceKey(parameters: {
  kind: Erc7579AccountKind;
  validator: Address;
  lane?: number;
}): bigint {
  const { kind, validator, lane = 0 } = parameters;
  return hexToBigInt(concat(parts(kind, validator, lane)));
}

function parts(kind: Erc7579AccountKind, validator: Address, lane: number): Hex[] {
  // Lane, mode "validate".
  if (kind === "nexus") return [numberToHex(lane, { size: 3 }), "0x00", validator];
  // Mode "default", type "validator".
  if (kind === "kernel") return ["0x0001", validator, numberToHex(lane, { size: 2 })];
  return [validator, numberToHex(lane, { size: 4 })];
}
