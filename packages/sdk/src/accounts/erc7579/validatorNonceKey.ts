import { type Address, concat, type Hex, hexToBigInt, numberToHex } from "viem";
import { InvalidInput } from "../../errors/InvalidInput.ts";
import { parseAddress } from "../../internal/parseAddress.ts";
import type { Erc7579AccountKind } from "./Erc7579AccountKind.ts";
import { laneBytes } from "./laneBytes.ts";
import { requireErc7579Kind } from "./requireErc7579Kind.ts";

/**
 * The key of a userOp's nonce, 192 bits, by which the account takes a validator for it. Ask the EntryPoint's
 * `getNonce(account, key)` for the nonce itself.
 *
 * @param parameters.validator The module of the session; or the owner's validator, for the owner's own userOps.
 * @param parameters.lane UserOps of different lanes need not wait for each other: a number of up to 4 bytes, on a Nexus
 * 3, on a Kernel 2. Default: 0.
 * @throws {InvalidInput} INVALID_LANE: the lane is larger, negative or no whole number; INVALID_ADDRESS; UNSUPPORTED_ACCOUNT: no such kind.
 */
export function validatorNonceKey(parameters: {
  kind: Erc7579AccountKind;
  validator: Address;
  lane?: number;
}): bigint {
  const { kind, lane = 0 } = parameters;
  requireErc7579Kind(kind);
  const validator = parseAddress(parameters.validator, "validator");
  const most = 2 ** (8 * laneBytes[kind]) - 1;
  if (!Number.isInteger(lane) || lane < 0 || lane > most)
    throw new InvalidInput({
      code: "INVALID_LANE",
      shortMessage: `The lane is ${lane}; on an account of this kind (${kind}) it is a whole number up to ${most}.`,
      metaMessages: ["Choose a smaller lane, or leave it out."],
      details: { lane, most },
    });
  return hexToBigInt(concat(parts(kind, validator, numberToHex(lane, { size: laneBytes[kind] }))));
}

function parts(kind: Erc7579AccountKind, validator: Address, lane: Hex): Hex[] {
  // Behind the lane, mode "validate".
  if (kind === "nexus") return [lane, "0x00", validator];
  // Mode "default", type "validator".
  if (kind === "kernel") return ["0x0001", validator, lane];
  return [validator, lane];
}
