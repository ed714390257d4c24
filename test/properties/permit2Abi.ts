import { type Hex, parseAbi, slice, toFunctionSelector } from "viem";
import type { Ending } from "./Playground.ts";

/** What the tests ask of Permit2 and of x402's spenders. */
export const permit2Abi = parseAbi([
  "struct TokenPermissions { address token; uint256 amount; }",
  "struct PermitTransferFrom { TokenPermissions permitted; uint256 nonce; uint256 deadline; }",
  "struct SignatureTransferDetails { address to; uint256 requestedAmount; }",
  "function nonceBitmap(address owner, uint256 word) view returns (uint256)",
  "function invalidateUnorderedNonces(uint256 wordPos, uint256 mask)",
  "function permitTransferFrom(PermitTransferFrom permit, SignatureTransferDetails transferDetails, address owner, bytes signature)",
]);

export const spenderAbi = parseAbi([
  "struct TokenPermissions { address token; uint256 amount; }",
  "struct PermitTransferFrom { TokenPermissions permitted; uint256 nonce; uint256 deadline; }",
  "struct ExactWitness { address to; uint256 validAfter; }",
  "struct UptoWitness { address to; address facilitator; uint256 validAfter; }",
  "function settle(PermitTransferFrom permit, address owner, ExactWitness witness, bytes signature)",
  "function settle(PermitTransferFrom permit, uint256 amount, address owner, UptoWitness witness, bytes signature)",
]);

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
