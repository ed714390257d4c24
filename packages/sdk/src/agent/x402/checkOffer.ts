import type { PaymentRequirements } from "@x402/core/types";
import { EVM_NETWORK_CHAIN_ID_MAP } from "@x402/evm/v1";
import { type Address, getAddress, isAddress, isAddressEqual, zeroAddress } from "viem";
import { amountText } from "../../errors/amountText.ts";
import { Refusal } from "../../errors/Refusal.ts";
import { paymentMethods } from "../../session/paymentMethods.ts";
import { PERMIT2, X402_PROXIES } from "../../session/permit2.ts";
import { ANYONE, type Budget, type Session } from "../../session/Session.ts";
import { FACILITATOR_SECONDS } from "./paymentWindow.ts";
import { shortened, shownAs } from "./shortened.ts";

/** A merchant's offer that a session may accept, in the session's own terms. */
export type PayableOffer = {
  budget: Budget;
  /** The budget's index in the session. */
  budgetIndex: number;
  payTo: Address;
  /** In token base units; by upto the most that the merchant may take. */
  amount: bigint;
  /** How the payment is made. */
  paidBy: OfferedMethod;
  /** How long the payment may take, in seconds. */
  maxTimeoutSeconds: number;
};

/** How an offer is paid, and what the signature needs beside. */
export type OfferedMethod =
  | {
      method: "eip3009";
      /** The token's EIP-712 name and version from the offer. Not compared with the token yet. */
      tokenDomain: { name: string; version: string };
    }
  | { method: "permit2-exact" }
  | {
      method: "permit2-upto";
      /** Who may settle. */
      facilitator: Address;
    }
  | {
      /** An execution that the key signs, which the facilitator has the module redeem. */
      method: "erc7710";
      /** Who may redeem it: the one facilitator that the offer names, otherwise {@link ANYONE}. */
      caller: Address;
    };

/** Most facilitators that an offer may name. */
const MOST_FACILITATORS = 32;

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
  if (scheme !== "exact" && scheme !== "upto")
    throw notOffered(
      `The merchant requires the scheme ${shownAs(scheme)}; a session supports only "exact" and "upto".`,
      { scheme: shortened(scheme) },
    );
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
      flow: shortened(flow),
    });
  const method = methodOf(scheme, extra?.assetTransferMethod);
  if (isV1 && method !== "eip3009")
    throw notOffered(`Version 1 of x402 has no payments by ${METHOD_NAMES[method]}.`, { scheme, method });
  const isExecuted = method === "erc7710";
  if (
    !isExecuted &&
    method !== "eip3009" &&
    !session.budgets.some((budget) => paymentMethods(budget).includes(method))
  )
    throw notOffered(
      `The merchant requires ${METHOD_NAMES[method]}, which no budget of the session allows.`,
      {
        scheme,
        method,
      },
    );
  if (!isAddress(asset, { strict: false }) || (isExecuted && isAddressEqual(asset, zeroAddress)))
    throw malformed("asset", asset, "the token's address");
  if (!isAddress(payTo, { strict: false }) || isAddressEqual(payTo, zeroAddress))
    throw malformed("payTo", payTo, "the payee's address");
  const price = isV1 ? "maxAmountRequired" : "amount";
  const offered = (requirements as { [price]?: unknown })[price] as string;
  if (!/^\d{1,78}$/.test(offered))
    throw malformed(price, offered, "a whole number of the token's base units");
  const paidBy = offeredMethod(method, extra);
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
  if (!isExecuted && paymentMethods(budget).length === 0) {
    throw refuse("UNKNOWN_TOKEN", `The session's budget for ${asset} does not allow payments by signature.`, {
      token: asset,
    });
  }
  const allowed = paymentMethods(budget);
  if (!isExecuted && !allowed.includes(method))
    throw notOffered(
      `The merchant requires ${METHOD_NAMES[method]}; the session's budget for ${asset} allows ${allowed
        .map((each) => METHOD_NAMES[each])
        .join(" and ")}.`,
      { token: asset, method },
    );
  const anyone = budget.recipients.some((recipient) => isAddressEqual(recipient, ANYONE));
  const amount = BigInt(offered);
  const payment = { token: budget.token, recipient: getAddress(payTo), amount, method };
  if (!(anyone || budget.recipients.some((recipient) => isAddressEqual(recipient, payTo)))) {
    throw refuse("RECIPIENT", `${payTo} is not a recipient of the session's budget.`, payment);
  }
  if (amount > budget.perTransaction) {
    throw refuse(
      "PER_TRANSACTION",
      `${amountText(amount, budget.token)} exceeds the limit of ${amountText(budget.perTransaction, budget.token)} per payment.`,
      { ...payment, limit: budget.perTransaction },
    );
  }
  return {
    budget,
    budgetIndex,
    payTo: getAddress(payTo),
    amount,
    paidBy,
    maxTimeoutSeconds: Math.floor(maxTimeoutSeconds),
  };
}

const METHOD_NAMES: Readonly<Record<OfferedMethod["method"], string>> = {
  eip3009: "EIP-3009",
  "permit2-exact": "Permit2 by the scheme exact",
  "permit2-upto": "Permit2 by the scheme upto",
  erc7710: "ERC-7710",
};

/** @param transfer The offer's `extra.assetTransferMethod`. */
function methodOf(scheme: "exact" | "upto", transfer: unknown): OfferedMethod["method"] {
  if (scheme === "upto") {
    if (transfer === undefined || transfer === "permit2") return "permit2-upto";
  } else {
    if (transfer === undefined || transfer === "eip3009") return "eip3009";
    if (transfer === "permit2") return "permit2-exact";
    if (transfer === "erc7710") return "erc7710";
  }
  throw notOffered(
    `The merchant requires the transfer method ${shownAs(transfer)}; for the scheme "${scheme}" a session supports ${scheme === "exact" ? '"eip3009", "permit2" and "erc7710"' : 'only "permit2"'}.`,
    { method: shortened(transfer) },
  );
}

/** What the signature needs, as the offer has it. The merchant does not choose which contracts spend. */
function offeredMethod(method: OfferedMethod["method"], extra: PaymentRequirements["extra"]): OfferedMethod {
  if (method === "eip3009") {
    for (const field of ["name", "version"] as const)
      if (typeof extra?.[field] !== "string")
        throw malformed(`extra.${field}`, extra?.[field], `the token's EIP-712 ${field}, a string`);
    return { method, tokenDomain: { name: extra.name as string, version: extra.version as string } };
  }
  if (method === "erc7710") return { method, caller: callerOf(extra?.facilitatorAddresses) };
  const isUpto = method === "permit2-upto";
  const proxy = X402_PROXIES[method];
  const { spender = proxy, permit2Address = PERMIT2 } = extra ?? {};
  if (!isSame(spender, proxy) || !isSame(permit2Address, PERMIT2))
    throw notOffered("The merchant requires another contract than Permit2 and x402's own proxy for it.", {
      spender: shortened(spender),
      permit2Address: shortened(permit2Address),
    });
  if (!isUpto) return { method };
  const facilitator = extra?.facilitatorAddress;
  if (!isAddress(`${facilitator}`, { strict: false }) || isSame(facilitator, zeroAddress))
    throw malformed("extra.facilitatorAddress", facilitator, "the address of the facilitator");
  return { method, facilitator: getAddress(facilitator as Address) };
}

/** Who may redeem a payment: an execution names one caller, so several facilitators are anyone. */
function callerOf(facilitators: unknown): Address {
  if (facilitators === undefined) return ANYONE;
  const expected = `a list of at most ${MOST_FACILITATORS} addresses of facilitators`;
  if (!Array.isArray(facilitators) || facilitators.length > MOST_FACILITATORS)
    throw malformed("extra.facilitatorAddresses", facilitators, expected);
  const callers = facilitators.map((each: unknown) => {
    const isOne = typeof each === "string" && isAddress(each, { strict: false });
    if (!isOne || isSame(each, zeroAddress) || isSame(each, ANYONE))
      throw malformed("extra.facilitatorAddresses", each, expected);
    return getAddress(each);
  });
  const [only, ...others] = new Set(callers);
  return only && others.length === 0 ? only : ANYONE;
}

const isSame = (value: unknown, address: Address): boolean =>
  typeof value === "string" && value.toLowerCase() === address.toLowerCase();

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
    metaMessages: ["Nothing was signed. Ask the merchant for an offer that the session's budgets can pay."],
    details,
  });

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
