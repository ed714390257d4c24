import { type Address, isAddressEqual } from "viem";
import { ChainRefusal } from "../errors/ChainRefusal.ts";
import { Refusal } from "../errors/Refusal.ts";
import type { Call } from "../session/Session.ts";
import { movementOf } from "./movementOf.ts";

/** The payment that was refused, as far as a refusal can name it. */
type RefusedPayment = {
  token: Address;
  recipient: Address;
  amount: bigint;
  /** How it was to be signed, as x402 has it; missing for an execution of the key. */
  method?: string;
};

/**
 * A refusal for a limit, with the payment it is about: which token, how much, to whom. The chain says only what its limit
 * needs.
 *
 * @returns The refusal itself, if it is for another reason or of another token.
 */
export function withPayment(refusal: Refusal, payment: RefusedPayment): Refusal {
  const { code, details } = refusal;
  if (code !== "PER_TRANSACTION" && code !== "PERIOD" && code !== "RECIPIENT") return refusal;
  if (typeof details.token !== "string" || !isAddressEqual(details.token as Address, payment.token))
    return refusal;
  const parameters = { ...refusal, details: { ...payment, ...details }, cause: refusal.cause };
  return refusal instanceof ChainRefusal
    ? new ChainRefusal({ ...parameters, errorName: refusal.errorName, revertData: refusal.revertData })
    : new Refusal(parameters);
}

/** The same for an execution, if just one of its calls can be the payment. */
export function withExecutedPayment(refusal: Refusal, calls: readonly Call[]): Refusal {
  const { recipient, amount } = refusal.details;
  const payments = calls.flatMap((call) => {
    const { to, token, units } = movementOf(call);
    const isIt =
      recipient === undefined ? units === amount : to.toLowerCase() === `${recipient}`.toLowerCase();
    return token && isIt ? [{ token, recipient: to, amount: units }] : [];
  });
  const [payment, ...others] = payments;
  return payment && others.length === 0 ? withPayment(refusal, payment) : refusal;
}
