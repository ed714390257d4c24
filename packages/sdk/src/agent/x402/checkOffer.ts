import type { PaymentRequirements } from "@x402/core/types";
import { type Address, getAddress, isAddress, isAddressEqual, zeroAddress } from "viem";
import { amountText } from "../../errors/amountText.ts";
import { Refusal } from "../../errors/Refusal.ts";
import { ANYONE, type Budget, type Session } from "../../session/Session.ts";
import { FACILITATOR_SECONDS } from "./paymentWindow.ts";

/** A merchant's offer that a session may accept, in the session's own terms. */
export type PayableOffer = {
  budget: Budget;
  /** The budget's index in the session. */
  budgetIndex: number;
  payTo: Address;
  /** In token base units. */
  amount: bigint;
  /** The token's EIP-712 name and version from the offer. Not compared with the token yet. */
  tokenDomain: { name: string; version: string };
  /** How long the payment may take, in seconds. */
  maxTimeoutSeconds: number;
};

/**
 * Checks whether a session allows a merchant's offer, as far as that is possible without the chain: network,
 * scheme, method, token, payee, amount.
 *
 * @param chainId The session's chain.
 * @throws {Refusal} OFFER_MALFORMED, NOT_OFFERED, INVALID_TIME: the merchant must change the offer. WRONG_CHAIN, UNKNOWN_TOKEN,
 * RECIPIENT, PER_TRANSACTION: the session does not allow it.
 */
export function checkOffer(
  requirements: PaymentRequirements,
  session: Session,
  chainId: number,
): PayableOffer {
  if (typeof requirements !== "object" || requirements === null)
    throw malformed("offer", requirements, "an object");
  const { scheme, network, asset, payTo, extra, maxTimeoutSeconds } = requirements;
  if (typeof scheme !== "string") throw malformed("scheme", scheme, "a string");
  // CAIP-2. Names such as "base" are of version 1.
  if (!/^[-a-z0-9]{3,8}:[-_a-zA-Z0-9*]{1,32}$/.test(network))
    throw malformed("network", network, 'a chain such as "eip155:8453"');
  if (scheme !== "exact")
    throw notOffered(`The merchant requires the scheme "${scheme}"; a session supports only "exact".`, {
      scheme,
    });
  if (network !== `eip155:${chainId}`) {
    throw refuse(
      "WRONG_CHAIN",
      `The merchant requires payment on ${network}; the session is for eip155:${chainId}.`,
      {
        network,
      },
    );
  }
  const method = extra?.assetTransferMethod ?? "eip3009";
  if (method !== "eip3009")
    throw notOffered(
      `The merchant requires the transfer method "${method}"; a session supports only "eip3009".`,
      { method },
    );
  if (!isAddress(asset, { strict: false })) throw malformed("asset", asset, "the token's address");
  if (!isAddress(payTo, { strict: false }) || isAddressEqual(payTo, zeroAddress))
    throw malformed("payTo", payTo, "the payee's address");
  if (!/^\d{1,78}$/.test(requirements.amount))
    throw malformed("amount", requirements.amount, "a whole number of the token's base units");
  for (const field of ["name", "version"] as const)
    if (typeof extra?.[field] !== "string")
      throw malformed(`extra.${field}`, extra?.[field], `the token's EIP-712 ${field}, a string`);
  if (typeof maxTimeoutSeconds !== "number" || Number.isNaN(maxTimeoutSeconds))
    throw malformed("maxTimeoutSeconds", maxTimeoutSeconds, "a number");
  if (maxTimeoutSeconds < FACILITATOR_SECONDS)
    throw new Refusal({
      code: "INVALID_TIME",
      shortMessage: `The offer allows ${maxTimeoutSeconds} s to settle; facilitators need six.`,
      metaMessages: ["Nothing was signed. The merchant must allow more time."],
      details: { maxTimeoutSeconds },
    });

  const budgetIndex = session.budgets.findIndex((budget) => isAddressEqual(budget.token, asset));
  const budget = session.budgets[budgetIndex];
  if (!budget) {
    throw refuse("UNKNOWN_TOKEN", `The session has no budget for the token ${asset}.`, { token: asset });
  }
  if (budget.signatures === 0) {
    throw refuse("UNKNOWN_TOKEN", `The session's budget for ${asset} does not allow payments by signature.`, {
      token: asset,
    });
  }
  const anyone = budget.recipients.some((recipient) => isAddressEqual(recipient, ANYONE));
  if (!(anyone || budget.recipients.some((recipient) => isAddressEqual(recipient, payTo)))) {
    throw refuse("RECIPIENT", `${payTo} is not a recipient of the session's budget.`, {
      token: asset,
      recipient: payTo,
    });
  }
  const amount = BigInt(requirements.amount);
  if (amount > budget.perTransaction) {
    throw refuse(
      "PER_TRANSACTION",
      `${amountText(amount, budget.token)} exceeds the limit of ${amountText(budget.perTransaction, budget.token)} per payment.`,
      {
        token: asset,
        amount,
        limit: budget.perTransaction,
      },
    );
  }
  return {
    budget,
    budgetIndex,
    payTo: getAddress(payTo),
    amount,
    tokenDomain: { name: extra.name as string, version: extra.version as string },
    maxTimeoutSeconds: Math.floor(maxTimeoutSeconds),
  };
}

const refuse = (
  code: ConstructorParameters<typeof Refusal>[0]["code"],
  shortMessage: string,
  details: { readonly [name: string]: unknown },
) =>
  new Refusal({
    code,
    shortMessage,
    metaMessages: ["Nothing was signed. To allow this payment, the owner must grant another session."],
    details,
  });

const notOffered = (shortMessage: string, details: { readonly [name: string]: unknown }) =>
  new Refusal({
    code: "NOT_OFFERED",
    shortMessage,
    metaMessages: ["Nothing was signed. Ask the merchant for an offer of scheme exact, method eip3009."],
    details,
  });

/** Longest part of a malformed value that is shown. */
const MOST_SHOWN = 80;

/** @param value What the offer has instead. */
function malformed(field: string, value: unknown, expected: string): Refusal {
  const shown = value === undefined ? "missing" : JSON.stringify(value).slice(0, MOST_SHOWN);
  return new Refusal({
    code: "OFFER_MALFORMED",
    shortMessage: `The merchant's offer is malformed: ${field} is ${shown}; expected ${expected}.`,
    metaMessages: ["Nothing was signed. Tell the merchant: no session can pay this offer."],
    details: { field, value: shown },
  });
}
