import type { PaymentRequirements } from "@x402/core/types";
import { EVM_NETWORK_CHAIN_ID_MAP } from "@x402/evm/v1";
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
 * @param x402Version Of the offer: 1 has network names such as "base", and `maxAmountRequired`. Default: 2.
 * @throws {Refusal} OFFER_MALFORMED, NOT_OFFERED, INVALID_TIME: the merchant must change the offer. WRONG_CHAIN, UNKNOWN_TOKEN,
 * RECIPIENT, PER_TRANSACTION: the session does not allow it.
 */
export function checkOffer(
  requirements: PaymentRequirements,
  session: Session,
  chainId: number,
  x402Version = 2,
): PayableOffer {
  if (typeof requirements !== "object" || requirements === null)
    throw malformed("offer", requirements, "an object");
  const { scheme, network, asset, payTo, extra, maxTimeoutSeconds } = requirements;
  if (typeof scheme !== "string") throw malformed("scheme", scheme, "a string");
  const isV1 = x402Version === 1;
  // CAIP-2, or a name in version 1.
  const form = isV1 ? /^[a-z][-a-z0-9]{1,31}$/ : /^[-a-z0-9]{3,8}:[-_a-zA-Z0-9*]{1,32}$/;
  if (typeof network !== "string" || !form.test(network))
    throw malformed("network", network, `a chain such as "${isV1 ? "base" : "eip155:8453"}"`);
  if (scheme !== "exact")
    throw notOffered(`The merchant requires the scheme "${scheme}"; a session supports only "exact".`, {
      scheme,
    });
  if ((isV1 ? chainNamed(network) : network) !== `eip155:${chainId}`) {
    throw refuse(
      "WRONG_CHAIN",
      `The merchant requires payment on ${network}; the session is for eip155:${chainId}.`,
      {
        network,
      },
    );
  }
  const flow = extra?.paymentFlow ?? "authorization";
  if (!FLOWS.includes(flow))
    throw notOffered(`The merchant requires the payment flow ${shownAs(flow)}, which x402 does not have.`, {
      flow,
    });
  const method = extra?.assetTransferMethod ?? "eip3009";
  if (method !== "eip3009")
    throw notOffered(
      `The merchant requires the transfer method "${method}"; a session supports only "eip3009".`,
      { method },
    );
  if (!isAddress(asset, { strict: false })) throw malformed("asset", asset, "the token's address");
  if (!isAddress(payTo, { strict: false }) || isAddressEqual(payTo, zeroAddress))
    throw malformed("payTo", payTo, "the payee's address");
  const price = isV1 ? "maxAmountRequired" : "amount";
  const offered = (requirements as { [price]?: unknown })[price] as string;
  if (!/^\d{1,78}$/.test(offered))
    throw malformed(price, offered, "a whole number of the token's base units");
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
  const amount = BigInt(offered);
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

/** How x402 lets a payment be settled: after the work, before it, or both. What is signed is the same. */
const FLOWS: readonly unknown[] = ["authorization", "upfront", "escrow"];

/** A chain that version 1 has a name for, as version 2 names it. */
const chainNamed = (network: string): string | undefined =>
  Object.hasOwn(EVM_NETWORK_CHAIN_ID_MAP, network)
    ? `eip155:${EVM_NETWORK_CHAIN_ID_MAP[network as keyof typeof EVM_NETWORK_CHAIN_ID_MAP]}`
    : undefined;

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

const shownAs = (value: unknown): string =>
  value === undefined ? "missing" : JSON.stringify(value).slice(0, MOST_SHOWN);

/** @param value What the offer has instead. */
function malformed(field: string, value: unknown, expected: string): Refusal {
  const shown = shownAs(value);
  return new Refusal({
    code: "OFFER_MALFORMED",
    shortMessage: `The merchant's offer is malformed: ${field} is ${shown}; expected ${expected}.`,
    metaMessages: ["Nothing was signed. Tell the merchant: no session can pay this offer."],
    details: { field, value: shown },
  });
}
