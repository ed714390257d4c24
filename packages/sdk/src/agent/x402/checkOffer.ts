import type { PaymentRequirements } from "@x402/core/types";
import { type Address, getAddress, isAddress, isAddressEqual, zeroAddress } from "viem";
import { Refusal } from "../../errors/Refusal.ts";
import { ANYONE, type Budget, type Session } from "../../session/Session.ts";
import { FACILITATOR_SECONDS } from "./paymentWindow.ts";

/** An offer of a merchant that a session may take, in the session's own terms. */
export type PayableOffer = {
  budget: Budget;
  /** The budget's place in the session. */
  budgetIndex: number;
  payTo: Address;
  /** In token base units. */
  amount: bigint;
  /** The token's EIP-712 name and version, as the offer states them. Not yet compared with the token. */
  tokenDomain: { name: string; version: string };
  /** How long the merchant lets the payment take, in seconds. */
  maxTimeoutSeconds: number;
};

/**
 * Looks whether a session allows what a merchant offers, as far as that can be known without the chain: network,
 * scheme, method, token, payee, amount.
 *
 * @param chainId - of the chain on which the session lives
 * @throws {Refusal} NOT_OFFERED, WRONG_CHAIN, UNKNOWN_TOKEN, INVALID_AMOUNT, RECIPIENT, PER_TRANSACTION, WRONG_DOMAIN
 */
export function checkOffer(
  requirements: PaymentRequirements,
  session: Session,
  chainId: number,
): PayableOffer {
  const { scheme, network, asset, extra } = requirements;
  if (scheme !== "exact") {
    throw refuse(
      "NOT_OFFERED",
      `The merchant asks for the scheme "${scheme}"; a session pays "exact" only.`,
      {
        scheme,
      },
    );
  }
  if (network !== `eip155:${chainId}`) {
    throw refuse(
      "WRONG_CHAIN",
      `The merchant wants to be paid on ${network}, the session is for eip155:${chainId}.`,
      {
        network,
      },
    );
  }
  const method = extra?.assetTransferMethod ?? "eip3009";
  if (method !== "eip3009") {
    throw refuse(
      "NOT_OFFERED",
      `The merchant asks for the transfer method "${method}"; a session signs "eip3009".`,
      {
        method,
      },
    );
  }
  const budgetIndex = isAddress(asset, { strict: false })
    ? session.budgets.findIndex((budget) => isAddressEqual(budget.token, asset))
    : -1;
  const budget = session.budgets[budgetIndex];
  if (!budget) {
    throw refuse("UNKNOWN_TOKEN", `The session has no budget for the token ${asset}.`, { token: asset });
  }
  if (budget.signatures === 0) {
    throw refuse("UNKNOWN_TOKEN", `The session's budget for ${asset} does not allow payments by signature.`, {
      token: asset,
    });
  }
  const { payTo } = requirements;
  const anyone = budget.recipients.some((recipient) => isAddressEqual(recipient, ANYONE));
  if (
    !isAddress(payTo, { strict: false }) ||
    isAddressEqual(payTo, zeroAddress) ||
    !(anyone || budget.recipients.some((recipient) => isAddressEqual(recipient, payTo)))
  ) {
    throw refuse("RECIPIENT", `${payTo} is not among the recipients of the session's budget.`, {
      token: asset,
      recipient: payTo,
    });
  }
  if (!/^\d{1,78}$/.test(requirements.amount)) {
    throw refuse("INVALID_AMOUNT", `The merchant asks for "${requirements.amount}", which is no amount.`, {
      amount: requirements.amount,
    });
  }
  const amount = BigInt(requirements.amount);
  if (amount > budget.perTransaction) {
    throw refuse(
      "PER_TRANSACTION",
      `The merchant asks for ${amount}, the limit is ${budget.perTransaction}.`,
      {
        token: asset,
        amount,
        limit: budget.perTransaction,
      },
    );
  }
  const { name, version } = extra ?? {};
  if (typeof name !== "string" || typeof version !== "string") {
    throw refuse("WRONG_DOMAIN", "The offer does not state the token's EIP-712 name and version.", {
      token: asset,
    });
  }
  const { maxTimeoutSeconds } = requirements;
  if (!(maxTimeoutSeconds >= FACILITATOR_SECONDS)) {
    throw refuse(
      "INVALID_TIME",
      `The offer leaves ${maxTimeoutSeconds} s to settle; facilitators need six.`,
      {
        maxTimeoutSeconds,
      },
    );
  }
  return {
    budget,
    budgetIndex,
    payTo: getAddress(payTo),
    amount,
    tokenDomain: { name, version },
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
    metaMessages: ["Nothing was signed. To allow such a payment, the owner must grant another session."],
    details,
  });
