import {
  brokenBy,
  chargeRule,
  isBelowExecutions,
  type LotBudget,
  type LotCharge,
  reachesOnly,
} from "./LotRule.ts";

/**
 * Counting with the bits of Permit2's nonces. A lot is one word of 256 bits, and all of them but bit 0 are the nodes of
 * a binary tree: bit 1 is the whole lot, bits 2 and 3 its halves, 4 to 7 its quarters.
 *
 *     depth 0                1              worth X
 *     depth 1        2               3      worth X >> 1
 *     depth 2    4       5       6       7  worth X >> 2
 *
 * A payment uses one node, at a depth below `sizes`, and settles only while no node above or below it is used. So the
 * used nodes of a lot lie beside one another, and are worth at most X together.
 *
 * Permit2 sets the payment's bit, then asks the account, then moves the money. A facilitator asks before, while the bit
 * is unset. The rule answers both, because it does not look at the payment's own bit: that a nonce settles only once is
 * Permit2's affair.
 */

/**
 * What the node rule knows of a budget. `depths` is how many depths of nodes a word has bits for, at least `sizes`: 8 on
 * chain, other numbers only to make an exhaustive search small.
 */
export type NodeBudget = LotBudget & { depths: number };

/** A node: the lot, how deep in its tree, and which of the 2^depth nodes there. */
export type Node = { lot: bigint; depth: number; index: bigint };

/**
 * The nonces of one budget and one period. `session` tells one session's budget from every other; on chain, both are
 * hashed with the budget's index.
 */
export type Series = { session: bigint; period: bigint };

/**
 * What is known when a payment or a charge is judged. A test against contracts fills it from `budgetOf` and from
 * Permit2's `nonceBitmap`, read before the step that is judged.
 */
export type NodeState = {
  budget: NodeBudget;
  /** Whose payment or charge is judged, and in which period. */
  series: Series;
  /** What executions have spent of the series' budget in its period. */
  spentIn: (series: Series) => bigint;
  /** The word of a lot, with the bits that payments and the owner set. While a payment settles, its own bit is set. */
  wordOf: (series: Series, lot: bigint) => bigint;
};

/** A signed payment. `amount` is what the key signed: `upto` may settle less, and uses the whole node all the same. */
export type NodeRequest = Node & { amount: bigint; method: "exact" | "upto"; nonceOf: Series };

/** What a payment is judged by. */
export type PaymentCase = NodeState & NodeRequest;

/** What a charge of an execution is judged by: `spent` is `spentIn(series)`, before this charge. */
export type NodeCharge = NodeState & LotCharge;

/** The most that a node at this depth may move. */
export const nodeWorth = ({ perTransaction }: LotBudget, depth: number): bigint =>
  perTransaction >> BigInt(depth);

/** The node's bit in the word of its lot. */
export const bitOf = ({ depth, index }: { depth: number; index: bigint }): bigint =>
  (1n << BigInt(depth)) + index;

/** Whether a bit of a word is set. */
export const isSet = (word: bigint, bit: bigint): boolean => ((word >> bit) & 1n) === 1n;

/** The bits of the nodes above a bit's node, the nearest first. */
export const ancestorsOf = (bit: bigint): bigint[] =>
  bit > 1n ? [bit >> 1n, ...ancestorsOf(bit >> 1n)] : [];

/** The bits of the nodes below a bit's node, as far as the word has bits. */
export const descendantsOf = (bit: bigint, depths: number): bigint[] =>
  [2n * bit, 2n * bit + 1n].flatMap((child) =>
    child < 1n << BigInt(depths) ? [child, ...descendantsOf(child, depths)] : [],
  );

/** The word of the lot that a payment's node lies in. */
const wordOf = (judged: PaymentCase): bigint => judged.wordOf(judged.nonceOf, judged.lot);

/**
 * The rule of the nodes, a condition a line, so that a test can take one away and see what it was for.
 * All of `payment` must hold for a signed payment, all of `charge` for an execution.
 */
export const nodeRule = {
  payment: {
    nonceOfThisSession: ({ series, nonceOf }: PaymentCase) => nonceOf.session === series.session,
    nonceOfThisPeriod: ({ series, nonceOf }: PaymentCase) => nonceOf.period === series.period,
    depthExists: ({ budget, depth }: PaymentCase) => depth < budget.sizes,
    indexExists: ({ depth, index }: PaymentCase) => index < 1n << BigInt(depth),
    amountFits: ({ budget, depth, amount }: PaymentCase) => amount <= nodeWorth(budget, depth),
    noAncestorUsed: (judged: PaymentCase) =>
      !ancestorsOf(bitOf(judged)).some((bit) => isSet(wordOf(judged), bit)),
    noDescendantUsed: (judged: PaymentCase) =>
      !descendantsOf(bitOf(judged), judged.budget.depths).some((bit) => isSet(wordOf(judged), bit)),
    belowExecutions: ({ budget, lot, series, spentIn }: PaymentCase) =>
      isBelowExecutions(budget, lot, spentIn(series)),
  },
  charge: {
    ...chargeRule,
    reachesUnusedLots: (judged: NodeCharge) =>
      reachesOnly(judged, (lot) => judged.wordOf(judged.series, lot) === 0n),
  },
};

/** The node rule, or one in which a condition was changed. */
export type NodeRule = {
  payment: Record<keyof typeof nodeRule.payment, (judged: PaymentCase) => boolean>;
  charge: Record<keyof typeof nodeRule.charge, (judged: NodeCharge) => boolean>;
};

/** The names of the conditions that a signed payment breaks; none: it is good. */
export const brokenByPayment = (
  state: NodeState,
  request: NodeRequest,
  rule: NodeRule = nodeRule,
): string[] => brokenBy(rule.payment, { ...state, ...request });

/** The names of the conditions that an execution of `amount` breaks; none: it is good. */
export const brokenByCharge = (state: NodeState, amount: bigint, rule: NodeRule = nodeRule): string[] =>
  brokenBy(rule.charge, { ...state, amount, spent: state.spentIn(state.series) });

/**
 * Whether the module accepts a signed payment, asked before it settles or while it does: the answer that
 * `isValidSignature` must give where everything but the node is in order. Reads one word and `spent`.
 */
export const isGoodNode = (state: NodeState, request: NodeRequest): boolean =>
  brokenByPayment(state, request).length === 0;

/**
 * Whether an execution of `amount` reaches a lot in which any bit is set, by a payment or by the owner: it must then
 * revert with LotOpened. Supposes that perTransaction and perPeriod allow the amount.
 */
export const reachesUsedLot = (state: NodeState, amount: bigint): boolean =>
  brokenByCharge(state, amount).includes("reachesUnusedLots");
