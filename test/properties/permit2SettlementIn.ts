import { type Hex, slice, toFunctionSelector } from "viem";
import type { Ending } from "./Playground.ts";

/** What Permit2 and x402's spenders revert with, in the model's words. */
const REFUSALS: Record<Hex, string> = Object.fromEntries(
  (
    [
      ["UnauthorizedFacilitator()", "not the facilitator"],
      ["PaymentTooEarly()", "not yet valid"],
      ["InvalidAmount()", "no amount"],
      ["AmountExceedsPermitted()", "over the amount"],
      ["SignatureExpired(uint256)", "expired"],
      ["InvalidNonce()", "used"],
    ] as const
  ).map(([error, settlement]) => [toFunctionSelector(error), settlement]),
);

const TRANSFER_FAILED = Buffer.from("TRANSFER_FROM_FAILED").toString("hex");

/**
 * How a transaction of a spender, or of Permit2, ended, in the model's words. An account that rejects may revert with
 * anything, and Permit2 passes it on.
 */
export function permit2SettlementIn(ending: Ending): string {
  if ("charges" in ending) return "settled";
  if (ending.revert.includes(TRANSFER_FAILED)) return "no money";
  return (ending.revert.length >= 10 && REFUSALS[slice(ending.revert, 0, 4)]) || "invalid signature";
}
