import { decodePaymentSignatureHeader, encodePaymentSignatureHeader } from "@x402/core/http";
import type { PaymentPayload, PaymentRequirements } from "@x402/core/types";
import { type Address, getAddress, type Hex, numberToHex } from "viem";
import { decodePermissionContext } from "../../encoding/permissionContext.ts";
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
  authorization: authorizationIn(payload, accepted),
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

/** An execution that the module is to redeem, as x402 carries it by ERC-7710. */
export type RedemptionPayload = { delegationManager: Address; permissionContext: Hex; delegator: Address };

/** What a payload pays by, as `latchkeyScheme` wrote it. */
function authorizationIn({ payload }: PaymentPayload, accepted: PaymentRequirements): SignedAuthorization {
  if ("permissionContext" in payload) return executionIn(payload as RedemptionPayload, accepted);
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

/** The execution in a context. What it pays is in no part of it but the signature, and so is the offer's. */
function executionIn(
  { delegationManager, permissionContext, delegator }: RedemptionPayload,
  { payTo, amount }: PaymentRequirements,
): SignedAuthorization {
  const { id, signed } = decodePermissionContext(permissionContext);
  const { nonce = 0n, deadline = 0 } = signed ?? {};
  return {
    method: "erc7710",
    module: delegationManager,
    session: id,
    from: delegator,
    to: getAddress(payTo),
    value: amount,
    validAfter: "0",
    validBefore: `${deadline + 1}`,
    nonce: numberToHex(nonce, { size: 32 }),
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
