import type { Budget, Session } from "@latchkey/sdk";
import { type Address, isAddressEqual } from "viem";

/** What the reader wants lower than it was asked for. What is left out stays as it was asked. */
export type Lowering = {
  /** First second after the session, in Unix time. */
  until?: number;
  /** Places of actions in the request that are not allowed. */
  withoutActions?: readonly number[];
  /** By place in the request. */
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
 * The session as the reader lowered it. It raises nothing by itself: what hangs on a lowered value goes down with it, so
 * that the chain takes the session. Whether the reader's own values are lower is for the SDK's `sessionExcess` to say.
 *
 * @param requested By `requestedSession`.
 * @param bySignature Whether the account can pay by signature; if not, that way stays closed.
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
  // So many payments in one period cannot be made by signature.
  const fewEnough = perPeriod < perTransaction << 32n;
  const without = lowering.without ?? [];
  return {
    ...requested,
    perTransaction,
    perPeriod,
    initial: least(requested.initial, perPeriod),
    signatures: bySignature && fewEnough ? requested.signatures : 0,
    sizes: bySignature && fewEnough ? sizesFor(perTransaction, requested.sizes) : 0,
    recipients: requested.recipients.filter((one) => !without.some((other) => isAddressEqual(one, other))),
  };
}

/** The smallest slot must be worth something, and each size is a quarter of the one before. */
function sizesFor(perTransaction: bigint, most: number): number {
  let sizes = most;
  while (sizes > 1 && perTransaction >> BigInt(2 * (sizes - 1)) === 0n) sizes--;
  return sizes;
}

const least = (one: bigint, other: bigint): bigint => (one < other ? one : other);
