import { type Address, hexToBigInt, numberToHex } from "viem";
import { InvalidInput } from "../../errors/InvalidInput.ts";
import { parseAddress } from "../../internal/parseAddress.ts";
import { erc7579AdapterOf } from "../accountAdapterOf.ts";
import type { Erc7579AccountKind } from "./Erc7579AccountKind.ts";

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
  const { laneBytes, nonceKey } = erc7579AdapterOf(kind);
  const validator = parseAddress(parameters.validator, "validator");
  const most = 2 ** (8 * laneBytes) - 1;
  if (!Number.isInteger(lane) || lane < 0 || lane > most)
    throw new InvalidInput({
      code: "INVALID_LANE",
      shortMessage: `The lane is ${lane}; on an account of this kind (${kind}) it is a whole number up to ${most}.`,
      metaMessages: ["Choose a smaller lane, or leave it out."],
      details: { lane, most },
    });
  return hexToBigInt(nonceKey(validator, numberToHex(lane, { size: laneBytes })));
}
