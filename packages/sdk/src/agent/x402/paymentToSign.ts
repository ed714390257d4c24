import type { PaymentPayload } from "@x402/core/types";
import { type Address, type Hex, hashTypedData, type TypedDataDefinition } from "viem";
import type { SignatureRail } from "../../accounts/AccountAdapter.ts";
import type { PaymentMethodParameters } from "../../encoding/payload/PayloadParameters.ts";
import { signedPayment } from "../../encoding/payload/signedPayment.ts";
import { X402_PROXIES } from "../../session/permit2.ts";
import { permit2Transfer } from "../../session/permit2Transfer.ts";
import type { OfferedMethod, PayableOffer } from "./checkOffer.ts";

/** An offer that is paid by an authorization: the token, or Permit2, asks the account about it. */
export type AuthorizedOffer = PayableOffer & { paidBy: Exclude<OfferedMethod, { method: "erc7710" }> };

/** A payment that the key has not signed yet. */
export type PaymentToSign = {
  /** What the key signs. */
  typedData: TypedDataDefinition;
  /** What the account is asked about: by EIP-3009 the same. */
  digest: Hex;
  /** Of the authorization, or of x402's witness. */
  validAfter: bigint;
  /** What a payload names of the method. */
  method: PaymentMethodParameters;
  /** What a Safe's handler is told. */
  paid: Parameters<SignatureRail["wrap"]>[1];
  /** What x402 carries, with the account's signature. */
  carried(signature: Hex): PaymentPayload["payload"];
};

const transferWithAuthorization = {
  TransferWithAuthorization: [
    { name: "from", type: "address" },
    { name: "to", type: "address" },
    { name: "value", type: "uint256" },
    { name: "validAfter", type: "uint256" },
    { name: "validBefore", type: "uint256" },
    { name: "nonce", type: "bytes32" },
  ],
} as const;

/**
 * Payments start at most this many seconds after 1970. The second is random, so that two agents that sign for the
 * same slot in the same second, without a shared store, sign different payments: then the chain shows which settled.
 */
const LATEST_START = 0xffff;

/** A whole number of at least 1. */
const randomStart = (): bigint => 1n + BigInt(Math.floor(Math.random() * LATEST_START));

/**
 * Puts a payment for an offer together, by the offer's method.
 *
 * @param parameters.nonce Of the slot, or of Permit2's node, 32 bytes.
 * @param parameters.validBefore Of the authorization, or Permit2's deadline.
 */
export function paymentToSign(
  { paidBy, budget, payTo: to, amount }: AuthorizedOffer,
  {
    account: from,
    chainId,
    module,
    nonce,
    validBefore,
  }: { account: Address; chainId: number; module: Address; nonce: Hex; validBefore: bigint },
): PaymentToSign {
  const validAfter = randomStart();
  const { token } = budget;
  if (paidBy.method === "eip3009") {
    const { tokenDomain } = paidBy;
    const authorization = { from, to, value: amount, validAfter, validBefore, nonce };
    const typedData = {
      domain: { ...tokenDomain, chainId, verifyingContract: token },
      types: transferWithAuthorization,
      primaryType: "TransferWithAuthorization",
      message: authorization,
    } as const;
    return {
      typedData,
      digest: hashTypedData(typedData),
      validAfter,
      method: { tokenDomain },
      paid: { authorization },
      carried: (signature) => ({
        signature,
        authorization: {
          from,
          to,
          value: `${amount}`,
          validAfter: `${validAfter}`,
          validBefore: `${validBefore}`,
          nonce,
        },
      }),
    };
  }
  const facilitator = "facilitator" in paidBy ? { facilitator: paidBy.facilitator } : {};
  const transfer = {
    token,
    amount,
    nonce: BigInt(nonce),
    deadline: validBefore,
    to,
    validAfter,
    ...facilitator,
  };
  const digest = hashTypedData(permit2Transfer(transfer, chainId));
  return {
    typedData: signedPayment({ account: from, digest }, { chainId, module }),
    digest,
    validAfter,
    method: paidBy,
    paid: { transfer },
    carried: (signature) => ({
      signature,
      permit2Authorization: {
        from,
        permitted: { token, amount: `${amount}` },
        spender: X402_PROXIES[paidBy.method],
        nonce: `${transfer.nonce}`,
        deadline: `${validBefore}`,
        witness: { to, ...facilitator, validAfter: `${validAfter}` },
      },
    }),
  };
}
