import type { Address } from "viem";
import type { Erc7579AccountKind } from "./Erc7579AccountKind.ts";
import { validatorNonceKey } from "./validatorNonceKey.ts";

/** How many bits a lane has, and how many stand behind it in the nonce's key. */
const lanes: Record<Erc7579AccountKind, { bits: bigint; behind: bigint }> = {
  openzeppelin: { bits: 32n, behind: 0n },
  reference: { bits: 32n, behind: 0n },
  safe7579: { bits: 32n, behind: 0n },
  kernel: { bits: 16n, behind: 0n },
  nexus: { bits: 24n, behind: 168n },
};

/** Whether a userOp with that nonce, all 256 bits of it, goes to the validator, in whatever lane. */
export function isNonceOfValidator(parameters: {
  kind: Erc7579AccountKind;
  validator: Address;
  nonce: bigint;
}): boolean {
  const { kind, validator, nonce } = parameters;
  const { bits, behind } = lanes[kind];
  const key = nonce >> 64n;
  const lane = (key >> behind) & ((1n << bits) - 1n);
  return validatorNonceKey({ kind, validator, lane: Number(lane) }) === key;
}
