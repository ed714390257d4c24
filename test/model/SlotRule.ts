/**
 * What the slot rule knows of a budget. Amounts are in any one unit.
 * `split` is how many slots of one size make a slot of the size before it: 4 on chain, other numbers only to
 * make an exhaustive search small.
 */
export type SlotBudget = { perTransaction: bigint; perPeriod: bigint; sizes: number; split: bigint };

/** A slot: the lot, how often it was split, and which of the pieces. Index 0 is the size's opener. */
export type Slot = { lot: bigint; size: number; index: bigint };

/** Whether the opener of a size of a lot is used, by anyone. */
export type OpenedSizes = (lot: bigint, size: number) => boolean;

/** What an authorization is judged by. `spent`: by executions, this period. */
export type AuthorizationCase = {
  budget: SlotBudget;
  slot: Slot;
  value: bigint;
  spent: bigint;
  opened: OpenedSizes;
};

/** What a charge of an execution is judged by. `spent`: by executions, this period, before this one. */
export type ChargeCase = { budget: SlotBudget; amount: bigint; spent: bigint; opened: OpenedSizes };

/** How much one slot of the size may move at most. */
export const slotWorth = ({ perTransaction, split }: SlotBudget, size: number) =>
  perTransaction / split ** BigInt(size);

/** How many whole lots one period has. */
export const lotsOf = ({ perTransaction, perPeriod }: SlotBudget) => perPeriod / perTransaction;

/** The lots, lowest first, that executions reach newly when their total grows from `spent` by `amount`. */
export function reachedLots(
  { perTransaction, perPeriod }: SlotBudget,
  spent: bigint,
  amount: bigint,
): bigint[] {
  const first = (perPeriod - spent - amount) / perTransaction;
  const end = (perPeriod - spent) / perTransaction;
  return Array.from({ length: Number(end - first) }, (_, step) => first + BigInt(step));
}

/** The sizes that a lot may be spent in. */
export const sizesOf = ({ sizes }: SlotBudget) => Array.from({ length: sizes }, (_, size) => size);

/**
 * The rule of the slots, a condition a line, so that a test can take one away and see what it was for.
 * All of `authorization` must hold for a signed payment, all of `charge` for an execution.
 */
export const slotRule = {
  authorization: {
    valueFits: ({ budget, slot, value }: AuthorizationCase) => value <= slotWorth(budget, slot.size),
    lotExists: ({ budget, slot }: AuthorizationCase) => slot.lot < lotsOf(budget),
    sizeExists: ({ budget, slot }: AuthorizationCase) => slot.size < budget.sizes,
    indexExists: ({ budget, slot }: AuthorizationCase) => slot.index < budget.split ** BigInt(slot.size),
    othersClosed: ({ budget, slot, opened }: AuthorizationCase) =>
      sizesOf(budget).every((size) => size === slot.size || !opened(slot.lot, size)),
    followsItsOpener: ({ slot, opened }: AuthorizationCase) =>
      slot.index === 0n || opened(slot.lot, slot.size),
    belowExecutions: ({ budget, slot, spent }: AuthorizationCase) =>
      (slot.lot + 1n) * budget.perTransaction <= budget.perPeriod - spent,
  },
  charge: {
    withinTransaction: ({ budget, amount }: ChargeCase) => amount <= budget.perTransaction,
    withinPeriod: ({ budget, amount, spent }: ChargeCase) => spent + amount <= budget.perPeriod,
    reachesUntouchedLots: ({ budget, amount, spent, opened }: ChargeCase) =>
      spent + amount > budget.perPeriod ||
      reachedLots(budget, spent, amount).every((lot) => !sizesOf(budget).some((size) => opened(lot, size))),
  },
};

export type SlotRule = typeof slotRule;

/** The names of the conditions that an authorization in a slot breaks; none: it is good. */
export const brokenByAuthorization = (judged: AuthorizationCase, rule = slotRule): string[] =>
  Object.entries(rule.authorization).flatMap(([name, holds]) => (holds(judged) ? [] : [name]));

/** The names of the conditions that a charge breaks; none: it is good. */
export const brokenByCharge = (judged: ChargeCase, rule = slotRule): string[] =>
  Object.entries(rule.charge).flatMap(([name, holds]) => (holds(judged) ? [] : [name]));
