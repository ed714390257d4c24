import {
  brokenBy,
  chargeRule,
  isBelowExecutions,
  type LotBudget,
  type LotCharge,
  lotsOf,
  reachesOnly,
  sizesOf,
} from "./LotRule.ts";

/**
 * What the slot rule knows of a budget. `split` is how many slots of one size make a slot of the size before it: 4 on
 * chain, other numbers only to make an exhaustive search small.
 */
export type SlotBudget = LotBudget & { split: bigint };

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

/** What a charge of an execution is judged by. */
export type ChargeCase = LotCharge & { opened: OpenedSizes };

/** How much one slot of the size may move at most. */
export const slotWorth = ({ perTransaction, split }: SlotBudget, size: number) =>
  perTransaction / split ** BigInt(size);

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
      isBelowExecutions(budget, slot.lot, spent),
  },
  charge: {
    ...chargeRule,
    reachesUntouchedLots: (judged: ChargeCase) =>
      reachesOnly(judged, (lot) => !sizesOf(judged.budget).some((size) => judged.opened(lot, size))),
  },
};

/** The slot rule, or one in which a condition was changed. */
export type SlotRule = {
  authorization: Record<keyof typeof slotRule.authorization, (judged: AuthorizationCase) => boolean>;
  charge: Record<keyof typeof slotRule.charge, (judged: ChargeCase) => boolean>;
};

/** The names of the conditions that an authorization in a slot breaks; none: it is good. */
export const brokenByAuthorization = (judged: AuthorizationCase, rule: SlotRule = slotRule): string[] =>
  brokenBy(rule.authorization, judged);

/** The names of the conditions that a charge breaks; none: it is good. */
export const brokenByCharge = (judged: ChargeCase, rule: SlotRule = slotRule): string[] =>
  brokenBy(rule.charge, judged);
