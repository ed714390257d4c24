import { x402Client, x402HTTPClient } from "@x402/core/client";
import { decodePaymentSignatureHeader, encodePaymentRequiredHeader } from "@x402/core/http";
import type { PaymentRequired, PaymentRequirements } from "@x402/core/types";

/** Headers of x402 that carry offers and payments. */
const REQUIRED = "PAYMENT-REQUIRED";
const PAYMENTS = ["PAYMENT-SIGNATURE", "X-PAYMENT"];

/** Bytes of a body that may hold offers. */
const MOST_BODY = 250_000;

/** The offers of a 402 response, which stays unread; undefined if it has none that can be read. */
export async function offersIn(response: Response): Promise<PaymentRequired | undefined> {
  if (response.status !== 402) return undefined;
  try {
    const inHeader = response.headers.has(REQUIRED);
    const text = inHeader ? "null" : await response.clone().text();
    if (text.length > MOST_BODY) return undefined;
    const http = new x402HTTPClient(new x402Client());
    const required = http.getPaymentRequiredResponse(
      (name) => response.headers.get(name),
      inHeader ? undefined : JSON.parse(text),
    );
    return Array.isArray(required.accepts) ? required : undefined;
  } catch {
    return undefined;
  }
}

/** The same response with some of its offers alone. */
export function withOffers(
  response: Response,
  required: PaymentRequired,
  accepts: PaymentRequirements[],
): Response {
  const left = { ...required, accepts };
  const headers = new Headers(response.headers);
  headers.delete("content-length");
  headers.delete("content-encoding");
  const inHeader = headers.has(REQUIRED);
  if (inHeader) headers.set(REQUIRED, encodePaymentRequiredHeader(left));
  return new Response(inHeader ? null : JSON.stringify(left), { status: 402, headers });
}

/** What an offer asks for, in base units; undefined where it does not say. */
export function amountOf(offer: PaymentRequirements): bigint | undefined {
  // Version 1 has another name for it.
  const { amount, maxAmountRequired } = offer as unknown as Record<string, unknown>;
  return unitsIn(amount ?? maxAmountRequired);
}

/** What the payment that a request carries is worth, in base units, and of which token; undefined without one. */
export function paymentIn(headers: Headers): { units: bigint; asset: string | undefined } | undefined {
  const value = PAYMENTS.map((name) => headers.get(name)).find((one) => one !== null);
  if (value === undefined || value === null) return undefined;
  const { accepted, payload } = decodePaymentSignatureHeader(value);
  const { authorization } = Object(payload) as { authorization?: { value?: unknown } };
  const units = (accepted && amountOf(accepted)) ?? unitsIn(authorization?.value);
  return units === undefined ? undefined : { units, asset: accepted?.asset };
}

const unitsIn = (text: unknown): bigint | undefined =>
  typeof text === "string" && /^\d{1,78}$/.test(text) ? BigInt(text) : undefined;
