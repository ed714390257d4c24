import { isAddressEqual, maxUint128 } from "viem";
import { InvalidInput } from "../errors/InvalidInput.ts";
import { isPaidByPermit2 } from "../session/paymentMethods.ts";
import { ANYONE, type Budget } from "../session/Session.ts";
import { SIZE_BITS } from "../session/SignedPaymentKind.ts";
import type { RefusedPayment } from "./refusedPayment.ts";

/** What the chain supports. */
const MOST_SIZES = 8;
const MOST_RECIPIENTS = 32;

/**
 * The budgets of a session, with the limit that refused a payment doubled or raised to that payment, whichever is more, or its
 * payee added. Everything else stays, unless the payment needs it: a payment of more than a period allows needs both limits.
 *
 * @throws {InvalidInput} INVALID_GRANT: no budget for the token; INVALID_RECIPIENTS: there are 32 already.
 */
export function widenedBudgets(budgets: readonly Budget[], payment: RefusedPayment): Budget[] {
  if (!budgets.some(({ token }) => isAddressEqual(token, payment.token)))
    throw new InvalidInput({
      code: "INVALID_GRANT",
      shortMessage: `The grant has no budget for the token ${payment.token}.`,
      metaMessages: ["Pass the grant that the refusal is about."],
    });
  return budgets.map((budget) =>
    isAddressEqual(budget.token, payment.token) ? widened(budget, payment) : budget,
  );
}

function widened(old: Budget, { code, amount = 0n, recipient }: RefusedPayment): Budget {
  const perPeriod = largest(
    code === "PERIOD" ? least(2n * old.perPeriod, maxUint128) : old.perPeriod,
    amount,
  );
  const perTransaction = least(
    largest(code === "PER_TRANSACTION" ? 2n * old.perTransaction : old.perTransaction, amount),
    perPeriod,
  );
  const isStream = old.perSecond > 0n && code === "PERIOD";
  return {
    ...old,
    perTransaction,
    perPeriod,
    initial: isStream ? least(2n * old.initial, perPeriod) : old.initial,
    perSecond: isStream ? least(2n * old.perSecond, maxUint128) : old.perSecond,
    sizes: sizesFor(old, perTransaction),
    recipients: code === "RECIPIENT" && recipient ? withRecipient(old, recipient) : old.recipients,
  };
}

function withRecipient(
  { recipients }: Budget,
  recipient: Budget["recipients"][number],
): Budget["recipients"] {
  if (recipients.some((one) => isAddressEqual(one, ANYONE) || isAddressEqual(one, recipient)))
    return recipients;
  if (recipients.length < MOST_RECIPIENTS) return [...recipients, recipient];
  throw new InvalidInput({
    code: "INVALID_RECIPIENTS",
    shortMessage: `The session has ${recipients.length} recipients, the most that a budget can name.`,
    metaMessages: ['Pass budgets with other recipients, or ask for this one payment: for: "payment".'],
  });
}

/** A lot is worth the limit per payment: it is divided further, so that small payments use up no more than before. */
function sizesFor(old: Budget, perTransaction: bigint): number {
  let { sizes } = old;
  if (sizes === 0) return 0;
  const bits = SIZE_BITS[isPaidByPermit2(old) ? "permit2" : "eip3009"];
  const worth = (limit: bigint, count: number) => limit >> BigInt(bits * (count - 1));
  while (sizes < MOST_SIZES && worth(perTransaction, sizes) > worth(old.perTransaction, old.sizes)) sizes++;
  return sizes;
}

const least = (one: bigint, other: bigint): bigint => (one < other ? one : other);
const largest = (one: bigint, other: bigint): bigint => (one > other ? one : other);
