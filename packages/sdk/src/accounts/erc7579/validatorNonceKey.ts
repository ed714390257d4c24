import { type Address, hexToBigInt, numberToHex } from "viem";
import { InvalidInput } from "../../errors/InvalidInput.ts";
import { parseAddress } from "../../internal/parseAddress.ts";
import { erc7579AdapterOf } from "../accountAdapterOf.ts";
import type { Erc7579AccountKind } from "./Erc7579AccountKind.ts";

/**
 * The key of a userOp's nonce, 192 bits, which selects the validator. Call the EntryPoint's
 * `getNonce(account, key)` to get the nonce.
 *
 * @param parameters.validator The module of the session; or the owner's validator, for the owner's own userOps.
 * @param parameters.lane UserOps in different lanes do not wait for each other: a number of up to 4 bytes, on a Nexus
 * 3, on a Kernel 2. Default: 0.
 * @throws {InvalidInput} INVALID_LANE: the lane is too large, negative or not a whole number; INVALID_ADDRESS; UNSUPPORTED_ACCOUNT.
 */
export function validatorNonceKey(parameters: {
  kind: Erc7579AccountKind;
  validator: Address;
  lane?: number;
}): bigint {
  const { kind, lane = 0 } = parameters;
  const { laneBytes, nonceKey } = erc7579AdapterOf(kind);
  const validator = parseAddress(parameters.validator, "validator");
  const most = 2 ** (8 * laneBytes) - 1;
  if (!Number.isInteger(lane) || lane < 0 || lane > most)
    throw new InvalidInput({
      code: "INVALID_LANE",
      shortMessage: `The lane ${lane} is not valid; on an account of kind ${kind} it is a whole number up to ${most}.`,
      metaMessages: ["Use a smaller lane, or omit it."],
      details: { lane, most },
    });
  return hexToBigInt(nonceKey(validator, numberToHex(lane, { size: laneBytes })));
}
