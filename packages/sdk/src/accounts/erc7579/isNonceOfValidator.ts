import type { Address } from "viem";
import { erc7579AdapterOf } from "../accountAdapterOf.ts";
import type { Erc7579AccountKind } from "./Erc7579AccountKind.ts";
import { validatorNonceKey } from "./validatorNonceKey.ts";

/** Whether a 256-bit nonce selects the validator, in any lane. */
export function isNonceOfValidator(parameters: {
  kind: Erc7579AccountKind;
  validator: Address;
  nonce: bigint;
}): boolean {
  const { kind, validator, nonce } = parameters;
  const key = nonce >> 64n;
  const lane = erc7579AdapterOf(kind).laneIn(key);
  return validatorNonceKey({ kind, validator, lane: Number(lane) }) === key;
}
