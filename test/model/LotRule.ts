/**
 * What both ways of counting with nonces know of a budget. Amounts are in any one unit. `sizes`: into how many sizes a
 * lot can be cut.
 */
export type LotBudget = { perTransaction: bigint; perPeriod: bigint; sizes: number };

/** What a charge of an execution is judged by. `spent`: by executions, this period, before this one. */
export type LotCharge = { budget: LotBudget; amount: bigint; spent: bigint };

/** How many whole lots one period has. */
export const lotsOf = ({ perTransaction, perPeriod }: LotBudget) => perPeriod / perTransaction;

/** The sizes that a lot may be spent in. */
export const sizesOf = ({ sizes }: LotBudget) => Array.from({ length: sizes }, (_, size) => size);

/** The lots, lowest first, that executions reach newly when their total grows from `spent` by `amount`. */
export function reachedLots(
  { perTransaction, perPeriod }: LotBudget,
  spent: bigint,
  amount: bigint,
): bigint[] {
  const first = (perPeriod - spent - amount) / perTransaction;
  const end = (perPeriod - spent) / perTransaction;
  return Array.from({ length: Number(end - first) }, (_, step) => first + BigInt(step));
}

/** Whether the lot is still whole after what executions have spent this period: they spend from the top. */
export const isBelowExecutions = (
  { perTransaction, perPeriod }: LotBudget,
  lot: bigint,
  spent: bigint,
): boolean => (lot + 1n) * perTransaction <= perPeriod - spent;

/** Whether every lot that a charge reaches newly is one that signed payments have left alone. */
export const reachesOnly = (
  { budget, amount, spent }: LotCharge,
  isUntouched: (lot: bigint) => boolean,
): boolean => spent + amount > budget.perPeriod || reachedLots(budget, spent, amount).every(isUntouched);

/** The conditions of a charge that need no nonce. */
export const chargeRule = {
  withinTransaction: ({ budget, amount }: LotCharge) => amount <= budget.perTransaction,
  withinPeriod: ({ budget, amount, spent }: LotCharge) => spent + amount <= budget.perPeriod,
};

/** The names of the conditions that do not hold. */
export const brokenBy = <Judged>(
  conditions: Record<string, (judged: Judged) => boolean>,
  judged: Judged,
): string[] => Object.entries(conditions).flatMap(([name, holds]) => (holds(judged) ? [] : [name]));
