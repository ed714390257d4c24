import { decodePaymentSignatureHeader, encodePaymentSignatureHeader } from "@x402/core/http";
import type { PaymentPayload, PaymentRequirements } from "@x402/core/types";
import { type Address, numberToHex } from "viem";
import type { SignedAuthorization } from "./authorizationFate.ts";
import { type PaymentHeader, paymentHeader } from "./paymentHeader.ts";

/** A signed payment that may not have bought anything yet. Resent, it still pays only once. */
export type OpenPayment = {
  /** As it is sent. */
  payload: PaymentPayload;
  /** The offer that it pays, as the server made it. */
  accepted: PaymentRequirements;
  authorization: SignedAuthorization;
  header: PaymentHeader;
};

/** A payment for an offer. */
export const openPayment = (payload: PaymentPayload, accepted: PaymentRequirements): OpenPayment => ({
  payload,
  accepted,
  authorization: authorizationIn(payload),
  header: paymentHeader(payload),
});

/** A transfer by Permit2, as x402 carries it. */
type Permit2Authorization = {
  from: Address;
  permitted: { token: Address; amount: string };
  nonce: string;
  deadline: string;
  witness: { to: Address; facilitator?: Address; validAfter: string };
};

/** What a payload pays by, as `latchkeyScheme` wrote it. */
function authorizationIn({ payload }: PaymentPayload): SignedAuthorization {
  const { authorization, permit2Authorization } = payload as {
    authorization: SignedAuthorization;
    permit2Authorization?: Permit2Authorization;
  };
  if (!permit2Authorization) return authorization;
  const { from, permitted, nonce, deadline, witness } = permit2Authorization;
  const { to, facilitator, validAfter } = witness;
  return {
    method: facilitator ? "permit2-upto" : "permit2-exact",
    ...(facilitator && { facilitator }),
    from,
    to,
    value: permitted.amount,
    validAfter,
    validBefore: deadline,
    nonce: numberToHex(BigInt(nonce), { size: 32 }),
  };
}

/**
 * A payment as a store keeps it: with its offer, which payments of version 1 do not name. For version 2 it is the value of
 * the header.
 */
export const storedPayment = ({ payload, accepted }: OpenPayment): string =>
  encodePaymentSignatureHeader({ ...payload, accepted });

/** @param stored By {@link storedPayment}. */
export function readPayment(stored: string): OpenPayment {
  const payload = decodePaymentSignatureHeader(stored);
  const { accepted, ...withoutOffer } = payload;
  return openPayment(payload.x402Version === 1 ? (withoutOffer as PaymentPayload) : payload, accepted);
}
