import { parseAbi } from "viem";
import type { MessageCode } from "./errorText.ts";

/** The errors of Permit2 and of x402's proxies. An account's own no may pass through Permit2 as it is. */
export const settlementErrorAbi = parseAbi([
  "error InvalidContractSignature()",
  "error InvalidSigner()",
  "error InvalidNonce()",
  "error SignatureExpired(uint256 signatureDeadline)",
  "error InvalidAmount(uint256 maxAmount)",
  "error InvalidAmount()",
  "error AmountExceedsPermitted()",
  "error PaymentTooEarly()",
  "error UnauthorizedFacilitator()",
]);

/** What each means of a signed payment. */
export const settlementErrors: Readonly<Record<(typeof settlementErrorAbi)[number]["name"], MessageCode>> = {
  InvalidContractSignature: "TOKEN_INVALID_SIGNATURE",
  InvalidSigner: "TOKEN_INVALID_SIGNATURE",
  InvalidNonce: "TOKEN_AUTHORIZATION_USED",
  SignatureExpired: "TOKEN_AUTHORIZATION_EXPIRED",
  InvalidAmount: "SETTLEMENT_AMOUNT",
  AmountExceedsPermitted: "SETTLEMENT_AMOUNT",
  PaymentTooEarly: "TOKEN_AUTHORIZATION_NOT_YET_VALID",
  UnauthorizedFacilitator: "NOT_FACILITATOR",
};
