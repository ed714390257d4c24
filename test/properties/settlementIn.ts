import { type Hex, hexToBigInt } from "viem";
import type { Ending } from "./Playground.ts";

/** What the token reverts with, in the model's words. */
const SETTLEMENTS: Record<string, string> = {
  "FiatTokenV2: authorization is not yet valid": "not yet valid",
  "FiatTokenV2: authorization is expired": "expired",
  "FiatTokenV2: authorization is used or canceled": "used",
  "FiatTokenV2: invalid signature": "invalid signature",
  "ERC20: transfer amount exceeds balance": "no money",
};

/** The text of Error(string). */
const reasonIn = (revert: Hex): string => {
  const length = Number(hexToBigInt(`0x${revert.slice(74, 138) || "0"}`));
  return Buffer.from(revert.slice(138, 138 + 2 * length), "hex").toString();
};

/** How a transaction of the token ended, in the model's words where it has some. */
export function settlementIn(ending: Ending): string {
  if ("charges" in ending) return "settled";
  const reason = reasonIn(ending.revert);
  return SETTLEMENTS[reason] ?? reason;
}
