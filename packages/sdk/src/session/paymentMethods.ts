import { parseWhole } from "../internal/parseWhole.ts";
import type { Budget } from "./Session.ts";

/**
 * How a signed payment is made: by an EIP-3009 authorization, or by a Permit2 transfer for one of x402's two schemes.
 * `exact` moves what was signed, `upto` at most that.
 */
export type PaymentMethod = "eip3009" | "permit2-exact" | "permit2-upto";

const BITS: readonly (readonly [bit: number, PaymentMethod])[] = [
  [1, "eip3009"],
  [2, "permit2-exact"],
  [4, "permit2-upto"],
];

/**
 * Which methods a budget's `signatures` allows.
 *
 * @throws {InvalidInput} INVALID_INPUT
 */
export function paymentMethods(budget: Pick<Budget, "signatures">): PaymentMethod[] {
  const signatures = parseWhole(budget?.signatures, "signatures", 8);
  return BITS.flatMap(([bit, method]) => ((signatures & bit) !== 0 ? [method] : []));
}

/**
 * Whether a budget is paid from by Permit2, which the account has to approve.
 *
 * @throws {InvalidInput} INVALID_INPUT
 */
export const isPaidByPermit2 = (budget: Pick<Budget, "signatures">): boolean =>
  paymentMethods(budget).some((method) => method !== "eip3009");
