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
      `The merchant requires the scheme "${scheme}"; a session supports only "exact".`,
      {
        scheme,
      },
    );
  }
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
  if (method !== "eip3009") {
    throw refuse(
      "NOT_OFFERED",
      `The merchant requires the transfer method "${method}"; a session supports only "eip3009".`,
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
    throw refuse("RECIPIENT", `${payTo} is not a recipient of the session's budget.`, {
      token: asset,
      recipient: payTo,
    });
  }
  if (!/^\d{1,78}$/.test(requirements.amount)) {
    throw refuse("INVALID_AMOUNT", `The merchant's amount "${requirements.amount}" is not valid.`, {
      amount: requirements.amount,
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
      `The offer allows ${maxTimeoutSeconds} s to settle; facilitators need six.`,
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
    metaMessages: ["Nothing was signed. To allow this payment, the owner must grant another session."],
    details,
  });
