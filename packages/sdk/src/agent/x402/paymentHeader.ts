import { encodePaymentSignatureHeader } from "@x402/core/http";
import type { PaymentPayload } from "@x402/core/types";
import { Refusal } from "../../errors/Refusal.ts";

/** The headers in which x402 carries a payment, by version. */
const NAMES = { 1: "X-PAYMENT", 2: "PAYMENT-SIGNATURE" } as const;

/** Whether a request carries a payment already, of either version. */
export const carriesPayment = ({ headers }: Request): boolean =>
  Object.values(NAMES).some((name) => headers.has(name));

/** The header of a payment. */
export type PaymentHeader = { name: string; value: string };

/** The header that carries a payment, as its version has it. */
export const paymentHeader = (payload: PaymentPayload): PaymentHeader => ({
  name: payload.x402Version === 1 ? NAMES[1] : NAMES[2],
  value: encodePaymentSignatureHeader(payload),
});

/** Most bytes of that header's line: nginx, for example, rejects lines over 8 kB. */
const LONGEST_LINE = 8000;

/**
 * Why servers would reject a payment header, if it is too long for them.
 *
 * @returns TOO_LARGE, or undefined.
 */
export function headerRefusal({ name, value }: PaymentHeader): Refusal | undefined {
  if (name.length + 2 + value.length <= LONGEST_LINE) return undefined;
  return new Refusal({
    code: "TOO_LARGE",
    shortMessage: `The payment header would have ${value.length} bytes; most servers reject lines over 8,000.`,
    metaMessages: [
      "Nothing was sent to the server. Have the account enable the session, so that it is not carried in",
      "every payment, and keep sessions for x402 small: few recipients, few other budgets.",
    ],
    details: { bytes: value.length, limit: LONGEST_LINE },
  });
}
