import { maxUint256 } from "viem";
import type { Rule } from "../session/Session.ts";

/**
 * Whether a rule leaves its word practically free: it always holds (`≥ 0`, `≤ 2^256 - 1`), or all values but one satisfy it
 * (`≠ x`, `> 0`, `< 2^256 - 1`), so that the next value bypasses it.
 */
export function narrowsNothing({ op, value }: Rule): boolean {
  const than = BigInt(value);
  switch (op) {
    case 1:
      return true;
    case 2:
    case 3:
      return than === maxUint256;
    case 4:
    case 5:
      return than === 0n;
    default:
      return false;
  }
}
