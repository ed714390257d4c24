import { isPaidByPermit2 } from "./paymentMethods.ts";
import type { Budget } from "./Session.ts";
import { SIZE_BITS } from "./SignedPaymentKind.ts";

/** What a signed payment of a size uses up of a budget, in base units, whatever it pays: its slot's or node's worth. */
export const signedPaymentWorth = (
  budget: Pick<Budget, "perTransaction" | "signatures">,
  size: number,
): bigint =>
  budget.perTransaction >> BigInt(SIZE_BITS[isPaidByPermit2(budget) ? "permit2" : "eip3009"] * size);
