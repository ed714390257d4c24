import type { Address } from "viem";
import type { Erc7579AccountKind } from "./Erc7579AccountKind.ts";
import { laneBytes } from "./laneBytes.ts";
import { validatorNonceKey } from "./validatorNonceKey.ts";

/** Whether a userOp with that nonce, all 256 bits of it, goes to the validator, in whatever lane. */
export function isNonceOfValidator(parameters: {
  kind: Erc7579AccountKind;
  validator: Address;
  nonce: bigint;
}): boolean {
  const { kind, validator, nonce } = parameters;
  const key = nonce >> 64n;
  // On a Nexus the lane comes first, on the others last.
  const lane = BigInt.asUintN(8 * laneBytes[kind], kind === "nexus" ? key >> 168n : key);
  return validatorNonceKey({ kind, validator, lane: Number(lane) }) === key;
}
