import { isAddressEqual } from "viem";
import { isRefusal } from "../errors/isRefusal.ts";
import type { Grant } from "../grant/Grant.ts";
import { type RefusedPayment, refusedPayment } from "../handoff/refusedPayment.ts";

/**
 * The grant that the owner gave for just the payment that was refused.
 *
 * @param payments Grants for one payment each.
 * @returns Undefined if there is none, or if the error is not a refusal for a limit.
 */
export function onePaymentFor(payments: readonly Grant[], error: unknown): Grant | undefined {
  if (!isRefusal(error)) return undefined;
  let refused: RefusedPayment;
  try {
    refused = refusedPayment(error);
  } catch {
    return undefined;
  }
  const { token, amount, recipient } = refused;
  return payments.find(({ session: { budgets } }) => {
    const [budget] = budgets;
    const [payee] = budget?.recipients ?? [];
    return (
      budget !== undefined &&
      budget.perPeriod === amount &&
      isAddressEqual(budget.token, token) &&
      payee !== undefined &&
      recipient !== undefined &&
      isAddressEqual(payee, recipient)
    );
  });
}
