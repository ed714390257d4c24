import { Refusal } from "../../errors/Refusal.ts";

/** The header in which x402 version 2 carries a payment. */
export const PAYMENT_HEADER = "PAYMENT-SIGNATURE";

/** Most bytes of that header's line: nginx, for example, rejects lines over 8 kB. */
const LONGEST_LINE = 8000;

/**
 * Why servers would reject a payment header, if it is too long for them.
 *
 * @param value Of the header, in base64.
 * @returns TOO_LARGE, or undefined.
 */
export function headerRefusal(value: string): Refusal | undefined {
  if (PAYMENT_HEADER.length + 2 + value.length <= LONGEST_LINE) return undefined;
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
