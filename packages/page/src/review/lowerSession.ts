import type { Budget, Session } from "@latchkey/sdk";
import { isPaidByPermit2 } from "@latchkey/sdk/encoding";
import { type Address, isAddressEqual } from "viem";

/** Limits the user has lowered. Omitted ones stay as requested. */
export type Lowering = {
  /** First second after the session, in Unix time. */
  until?: number;
  /** Indexes of requested actions that are not allowed. */
  withoutActions?: readonly number[];
  /** By index in the request. */
  budgets?: { readonly [index: number]: BudgetLowering };
};

/** See {@link Lowering}. Amounts in base units. */
export type BudgetLowering = {
  perTransaction?: bigint;
  perPeriod?: bigint;
  /** Recipients that are not allowed. */
  without?: readonly Address[];
};

/**
 * The session as the user lowered it. It raises nothing by itself: values that depend on a lowered one go down with it,
 * so that the session stays valid. The SDK's `sessionExcess` checks whether the user's own values are lower.
 *
 * @param requested By `requestedSession`.
 * @param bySignature Whether the account can pay by signature; if not, signatures are disabled.
 */
export function lowerSession(requested: Session, lowering: Lowering, bySignature = true): Session {
  const without = lowering.withoutActions ?? [];
  return {
    ...requested,
    validUntil: lowering.until ?? requested.validUntil,
    budgets: requested.budgets.map((budget, index) =>
      lowerBudget(budget, lowering.budgets?.[index] ?? {}, bySignature),
    ),
    actions: requested.actions.filter((_, index) => !without.includes(index)),
  };
}

function lowerBudget(requested: Budget, lowering: BudgetLowering, bySignature: boolean): Budget {
  const perPeriod = lowering.perPeriod ?? requested.perPeriod;
  const perTransaction = least(lowering.perTransaction ?? requested.perTransaction, perPeriod);
  // Too many payments per period for signatures.
  const fewEnough = perPeriod < perTransaction << 32n;
  const without = lowering.without ?? [];
  return {
    ...requested,
    perTransaction,
    perPeriod,
    initial: least(requested.initial, perPeriod),
    signatures: bySignature && fewEnough ? requested.signatures : 0,
    sizes: bySignature && fewEnough ? sizesFor(requested, perTransaction) : 0,
    recipients: requested.recipients.filter((one) => !without.some((other) => isAddressEqual(one, other))),
  };
}

/** The smallest size must be worth more than zero, and each is a quarter of the previous one, with Permit2 a half. */
function sizesFor(requested: Budget, perTransaction: bigint): number {
  const bits = isPaidByPermit2(requested) ? 1 : 2;
  let { sizes } = requested;
  while (sizes > 1 && perTransaction >> BigInt(bits * (sizes - 1)) === 0n) sizes--;
  return sizes;
}

const least = (one: bigint, other: bigint): bigint => (one < other ? one : other);
