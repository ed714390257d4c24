import { isBelowExecutions, lotsOf, reachedLots, reachesOnly } from "./LotRule.ts";
import {
  ancestorsOf,
  bitOf,
  descendantsOf,
  isSet,
  type NodeCharge,
  type NodeRule,
  nodeRule,
  nodeWorth,
  type PaymentCase,
} from "./NodeRule.ts";
import type { NodeWorld } from "./searchNodes.ts";

/** The rule with one of its conditions replaced; without a replacement the condition always holds. */
export const mutant = {
  ofPayment: (
    name: keyof NodeRule["payment"],
    holds: (judged: PaymentCase) => boolean = () => true,
  ): NodeRule => ({ ...nodeRule, payment: { ...nodeRule.payment, [name]: holds } }),
  ofCharge: (
    name: keyof NodeRule["charge"],
    holds: (judged: NodeCharge) => boolean = () => true,
  ): NodeRule => ({ ...nodeRule, charge: { ...nodeRule.charge, [name]: holds } }),
};

/** A rule whose executions ask this of the word of each lot that they reach. */
const reachingOnly = (isUnused: (word: bigint, judged: NodeCharge) => boolean): NodeRule =>
  mutant.ofCharge("reachesUnusedLots", (judged) =>
    reachesOnly(judged, (lot) => isUnused(judged.wordOf(judged.series, lot), judged)),
  );

/** The words of a payment's lot. */
const wordOf = (judged: PaymentCase) => judged.wordOf(judged.nonceOf, judged.lot);
const anySet = (word: bigint, bits: bigint[]) => bits.some((bit) => isSet(word, bit));

/** A rule without one of its parts, and what then happens. */
export type Flaw = { when: string; rule: NodeRule; world?: NodeWorld; story: string[] };

/** Every part of the rule, taken away. `story` begins with the smallest budget on which that is seen. */
export const flaws: Flaw[] = [
  {
    when: "the amount is not held against the node",
    rule: mutant.ofPayment("amountFits"),
    story: [
      "perTransaction 1, perPeriod 1, sizes 1, depths 1",
      "a payment of 2 settles in node 1 of lot 0",
      "2 moved",
    ],
  },
  {
    when: "the amount is held against the node above",
    rule: mutant.ofPayment(
      "amountFits",
      ({ budget, depth, amount }) => amount <= nodeWorth(budget, Math.max(depth - 1, 0)),
    ),
    story: [
      "perTransaction 2, perPeriod 2, sizes 2, depths 2",
      "a payment of 2 settles in node 2 of lot 0",
      "a payment of 2 settles in node 3 of lot 0",
      "4 moved",
    ],
  },
  {
    when: "the amount is held against the whole lot",
    rule: mutant.ofPayment("amountFits", ({ budget, amount }) => amount <= budget.perTransaction),
    story: [
      "perTransaction 2, perPeriod 2, sizes 2, depths 2",
      "a payment of 2 settles in node 2 of lot 0",
      "a payment of 2 settles in node 3 of lot 0",
      "4 moved",
    ],
  },
  {
    when: "upto payments are not held against the node, as they may settle less",
    rule: mutant.ofPayment(
      "amountFits",
      (judged) => judged.method === "upto" || nodeRule.payment.amountFits(judged),
    ),
    story: [
      "perTransaction 1, perPeriod 1, sizes 1, depths 1",
      "an upto payment of 2 settles in node 1 of lot 0",
      "2 moved",
    ],
  },
  {
    when: "the depth is not held against anything",
    rule: mutant.ofPayment("depthExists"),
    story: [
      "perTransaction 2, perPeriod 2, sizes 1, depths 1",
      "a payment of 1 settles in node 2 of lot 0",
      "an execution spends 2",
      "3 moved",
    ],
  },
  {
    when: "depths past the budget's sizes are good, and not looked at",
    rule: {
      ...nodeRule,
      payment: {
        ...nodeRule.payment,
        depthExists: ({ budget, depth }) => depth < budget.depths,
        noDescendantUsed: (judged) =>
          !anySet(wordOf(judged), descendantsOf(bitOf(judged), judged.budget.sizes)),
      },
    },
    story: [
      "perTransaction 2, perPeriod 2, sizes 1, depths 2",
      "a payment of 1 settles in node 2 of lot 0",
      "a payment of 2 settles in node 1 of lot 0",
      "3 moved",
    ],
  },
  {
    when: "the index is not held against the number of nodes",
    rule: mutant.ofPayment("indexExists"),
    story: [
      "perTransaction 1, perPeriod 1, sizes 1, depths 1",
      "a payment of 1 settles in node 2 of lot 0",
      "an execution spends 1",
      "2 moved",
    ],
  },
  {
    when: "no ancestor is looked at",
    rule: mutant.ofPayment("noAncestorUsed"),
    story: [
      "perTransaction 2, perPeriod 2, sizes 2, depths 2",
      "a payment of 2 settles in node 1 of lot 0",
      "a payment of 1 settles in node 2 of lot 0",
      "3 moved",
    ],
  },
  {
    when: "of the ancestors only the nearest is looked at",
    rule: mutant.ofPayment(
      "noAncestorUsed",
      (judged) => !anySet(wordOf(judged), ancestorsOf(bitOf(judged)).slice(0, 1)),
    ),
    story: [
      "perTransaction 4, perPeriod 4, sizes 3, depths 3",
      "a payment of 4 settles in node 1 of lot 0",
      "a payment of 1 settles in node 4 of lot 0",
      "5 moved",
    ],
  },
  {
    when: "of the ancestors only the whole lot is looked at",
    rule: mutant.ofPayment("noAncestorUsed", (judged) => bitOf(judged) === 1n || !isSet(wordOf(judged), 1n)),
    story: [
      "perTransaction 4, perPeriod 4, sizes 3, depths 3",
      "a payment of 2 settles in node 2 of lot 0",
      "a payment of 2 settles in node 3 of lot 0",
      "a payment of 1 settles in node 4 of lot 0",
      "5 moved",
    ],
  },
  {
    when: "no descendant is looked at",
    rule: mutant.ofPayment("noDescendantUsed"),
    story: [
      "perTransaction 2, perPeriod 2, sizes 2, depths 2",
      "a payment of 1 settles in node 2 of lot 0",
      "a payment of 2 settles in node 1 of lot 0",
      "3 moved",
    ],
  },
  {
    when: "of the descendants only the nearest two are looked at",
    rule: mutant.ofPayment(
      "noDescendantUsed",
      (judged) => !anySet(wordOf(judged), [2n * bitOf(judged), 2n * bitOf(judged) + 1n]),
    ),
    story: [
      "perTransaction 4, perPeriod 4, sizes 3, depths 3",
      "a payment of 1 settles in node 4 of lot 0",
      "a payment of 4 settles in node 1 of lot 0",
      "5 moved",
    ],
  },
  {
    when: "of the descendants only the first of each depth is looked at",
    rule: mutant.ofPayment("noDescendantUsed", (judged) => {
      const bit = bitOf(judged);
      return !descendantsOf(bit, judged.budget.depths).some(
        (below) =>
          isSet(wordOf(judged), below) && below % bit === 0n && ((below / bit) & (below / bit - 1n)) === 0n,
      );
    }),
    story: [
      "perTransaction 2, perPeriod 2, sizes 2, depths 2",
      "a payment of 1 settles in node 3 of lot 0",
      "a payment of 2 settles in node 1 of lot 0",
      "3 moved",
    ],
  },
  {
    when: "of the descendants the last depth is not looked at",
    rule: mutant.ofPayment(
      "noDescendantUsed",
      (judged) => !anySet(wordOf(judged), descendantsOf(bitOf(judged), judged.budget.sizes - 1)),
    ),
    story: [
      "perTransaction 2, perPeriod 2, sizes 2, depths 2",
      "a payment of 1 settles in node 2 of lot 0",
      "a payment of 2 settles in node 1 of lot 0",
      "3 moved",
    ],
  },
  {
    when: "a set bit of its own is taken for an earlier yes",
    rule: {
      ...nodeRule,
      payment: {
        ...nodeRule.payment,
        noAncestorUsed: (judged) =>
          isSet(wordOf(judged), bitOf(judged)) || nodeRule.payment.noAncestorUsed(judged),
        noDescendantUsed: (judged) =>
          isSet(wordOf(judged), bitOf(judged)) || nodeRule.payment.noDescendantUsed(judged),
      },
    },
    story: [
      "perTransaction 2, perPeriod 2, sizes 2, depths 2",
      "a payment of 2 settles in node 1 of lot 0",
      "a payment of 1 settles in node 2 of lot 0",
      "3 moved",
    ],
  },
  {
    when: "what executions spent is not looked at",
    rule: mutant.ofPayment("belowExecutions", ({ budget, lot }) => lot < lotsOf(budget)),
    story: [
      "perTransaction 1, perPeriod 1, sizes 1, depths 1",
      "an execution spends 1",
      "a payment of 1 settles in node 1 of lot 0",
      "2 moved",
    ],
  },
  {
    when: "the lot is not held against anything",
    rule: mutant.ofPayment("belowExecutions"),
    story: [
      "perTransaction 1, perPeriod 1, sizes 1, depths 1",
      "an execution spends 1",
      "a payment of 1 settles in node 1 of lot 0",
      "2 moved",
    ],
  },
  {
    when: "a lot that executions have begun is still good",
    rule: mutant.ofPayment(
      "belowExecutions",
      ({ budget, lot, series, spentIn }) => lot * budget.perTransaction < budget.perPeriod - spentIn(series),
    ),
    story: [
      "perTransaction 2, perPeriod 2, sizes 1, depths 1",
      "an execution spends 1",
      "a payment of 2 settles in node 1 of lot 0",
      "3 moved",
    ],
  },
  {
    when: "what executions spent is read of another period",
    rule: mutant.ofPayment("belowExecutions", ({ budget, lot, series, spentIn }) =>
      isBelowExecutions(budget, lot, spentIn({ ...series, period: series.period + 1n })),
    ),
    story: [
      "perTransaction 1, perPeriod 1, sizes 1, depths 1",
      "an execution spends 1",
      "a payment of 1 settles in node 1 of lot 0",
      "2 moved",
    ],
  },
  {
    when: "what executions spent is read of another session",
    rule: mutant.ofPayment("belowExecutions", ({ budget, lot, series, spentIn }) =>
      isBelowExecutions(budget, lot, spentIn({ ...series, session: 1n - series.session })),
    ),
    world: { sessions: 2 },
    story: [
      "perTransaction 1, perPeriod 1, sizes 1, depths 1",
      "an execution by session 0 spends 1",
      "a payment of 1 settles in node 1 of lot 0, session 0",
      "2 moved",
    ],
  },
  {
    when: "nonces of another period are good",
    rule: mutant.ofPayment("nonceOfThisPeriod"),
    world: { periods: 2 },
    story: [
      "perTransaction 1, perPeriod 1, sizes 1, depths 1",
      "a payment of 1 settles in node 1 of lot 0, period 0",
      "a payment of 1 settles in node 1 of lot 0, period 1",
      "2 moved",
    ],
  },
  {
    when: "nonces of another session are good",
    rule: mutant.ofPayment("nonceOfThisSession"),
    world: { sessions: 2 },
    story: [
      "perTransaction 1, perPeriod 1, sizes 1, depths 1",
      "a payment of 1 settles in node 1 of lot 0, session 0",
      "a payment of 1 settles in node 1 of lot 0, session 1",
      "2 moved",
    ],
  },
  {
    when: "the word is read of another period",
    rule: mutant.ofPayment(
      "noAncestorUsed",
      (judged) =>
        !anySet(judged.wordOf({ ...judged.nonceOf, period: 0n }, judged.lot), ancestorsOf(bitOf(judged))),
    ),
    world: { periods: 2 },
    story: [
      "perTransaction 2, perPeriod 2, sizes 2, depths 2",
      "the next period begins",
      "a payment of 2 settles in node 1 of lot 0, period 1",
      "a payment of 1 settles in node 2 of lot 0, period 1",
      "3 moved",
    ],
  },
  {
    when: "the word is read of another session",
    rule: mutant.ofPayment(
      "noAncestorUsed",
      (judged) =>
        !anySet(
          judged.wordOf({ ...judged.nonceOf, session: 1n - judged.nonceOf.session }, judged.lot),
          ancestorsOf(bitOf(judged)),
        ),
    ),
    world: { sessions: 2 },
    story: [
      "perTransaction 2, perPeriod 2, sizes 2, depths 2",
      "a payment of 2 settles in node 1 of lot 0, session 0",
      "a payment of 1 settles in node 2 of lot 0, session 0",
      "3 moved",
    ],
  },
  {
    when: "an execution is not held against perPeriod",
    rule: mutant.ofCharge("withinPeriod"),
    story: [
      "perTransaction 1, perPeriod 1, sizes 1, depths 1",
      "an execution spends 1",
      "an execution spends 1",
      "2 moved",
    ],
  },
  {
    when: "an execution may reach used lots",
    rule: mutant.ofCharge("reachesUnusedLots"),
    story: [
      "perTransaction 1, perPeriod 1, sizes 1, depths 1",
      "a payment of 1 settles in node 1 of lot 0",
      "an execution spends 1",
      "2 moved",
    ],
  },
  {
    when: "an execution asks about the whole lot's node only",
    rule: reachingOnly((word) => !isSet(word, 1n)),
    story: [
      "perTransaction 2, perPeriod 2, sizes 2, depths 2",
      "a payment of 1 settles in node 2 of lot 0",
      "an execution spends 2",
      "3 moved",
    ],
  },
  {
    when: "an execution asks about the first node of each depth only",
    rule: reachingOnly((word) => !anySet(word, [1n, 2n, 4n])),
    story: [
      "perTransaction 2, perPeriod 2, sizes 2, depths 2",
      "a payment of 1 settles in node 3 of lot 0",
      "an execution spends 2",
      "3 moved",
    ],
  },
  {
    when: "an execution asks about the lower half of the word only",
    rule: reachingOnly((word, { budget }) => BigInt.asUintN(2 ** (budget.depths - 1), word) === 0n),
    story: [
      "perTransaction 1, perPeriod 1, sizes 1, depths 1",
      "a payment of 1 settles in node 1 of lot 0",
      "an execution spends 1",
      "2 moved",
    ],
  },
  {
    when: "an execution asks about another period's word",
    rule: mutant.ofCharge("reachesUnusedLots", (judged) =>
      reachesOnly(judged, (lot) => judged.wordOf({ ...judged.series, period: 0n }, lot) === 0n),
    ),
    world: { periods: 2 },
    story: [
      "perTransaction 1, perPeriod 1, sizes 1, depths 1",
      "the next period begins",
      "a payment of 1 settles in node 1 of lot 0, period 1",
      "an execution spends 1",
      "2 moved",
    ],
  },
  {
    when: "an execution asks about the lot that it leaves, not the one that it reaches",
    rule: mutant.ofCharge("reachesUnusedLots", (judged) =>
      reachesOnly(judged, (lot) => judged.wordOf(judged.series, lot + 1n) === 0n),
    ),
    story: [
      "perTransaction 1, perPeriod 1, sizes 1, depths 1",
      "a payment of 1 settles in node 1 of lot 0",
      "an execution spends 1",
      "2 moved",
    ],
  },
  {
    when: "an execution asks about lots from the bottom",
    rule: mutant.ofCharge("reachesUnusedLots", (judged) =>
      reachesOnly(judged, (lot) => judged.wordOf(judged.series, lotsOf(judged.budget) - 1n - lot) === 0n),
    ),
    story: [
      "perTransaction 1, perPeriod 2, sizes 1, depths 1",
      "an execution spends 1",
      "a payment of 1 settles in node 1 of lot 0",
      "an execution spends 1",
      "3 moved",
    ],
  },
  {
    when: "an execution asks only if it is the period's first",
    rule: mutant.ofCharge(
      "reachesUnusedLots",
      (judged) => judged.spent > 0n || nodeRule.charge.reachesUnusedLots(judged),
    ),
    story: [
      "perTransaction 2, perPeriod 3, sizes 1, depths 1",
      "an execution spends 1",
      "a payment of 2 settles in node 1 of lot 0",
      "an execution spends 1",
      "5 moved",
    ],
  },
  {
    when: "an execution is not held against perTransaction and asks about the lowest lot only",
    rule: {
      ...nodeRule,
      charge: {
        withinTransaction: () => true,
        withinPeriod: nodeRule.charge.withinPeriod,
        reachesUnusedLots: ({ budget, amount, spent, series, wordOf: read }) =>
          spent + amount > budget.perPeriod ||
          reachedLots(budget, spent, amount)
            .slice(0, 1)
            .every((lot) => read(series, lot) === 0n),
      },
    },
    story: [
      "perTransaction 1, perPeriod 2, sizes 1, depths 1",
      "a payment of 1 settles in node 1 of lot 1",
      "an execution spends 2",
      "3 moved",
    ],
  },
];

/** A changed rule that lets no more through: why not, and what it breaks instead, of `livenessOf`. */
export type Spare = { when: string; because: string; rule: NodeRule; breaks: string[] };

/** What can be taken away, or added, without money being lost. */
export const spares: Spare[] = [
  {
    when: "the payment's own bit must be unset",
    because: "then nothing settles, as Permit2 sets it first",
    rule: mutant.ofPayment(
      "noDescendantUsed",
      (judged) => nodeRule.payment.noDescendantUsed(judged) && !isSet(wordOf(judged), bitOf(judged)),
    ),
    breaks: ["a node of an untouched lot settles", "what a facilitator was told settles"],
  },
  {
    when: "the payment's own bit must be set",
    because: "then a facilitator, who asks before, is told no",
    rule: mutant.ofPayment(
      "noDescendantUsed",
      (judged) => nodeRule.payment.noDescendantUsed(judged) && isSet(wordOf(judged), bitOf(judged)),
    ),
    breaks: ["payments beside one another settle in any order", "what would settle, a facilitator is told"],
  },
  {
    when: "depths past the budget's sizes are good, and looked at",
    because: "they are nodes of the same tree; `sizes` limits how small the pieces get, not the money",
    rule: mutant.ofPayment("depthExists", ({ budget, depth }) => depth < budget.depths),
    breaks: [],
  },
  {
    when: "descendants past the budget's sizes are not looked at",
    because: "no payment may use them, and the owner who uses them up moves nothing",
    rule: mutant.ofPayment(
      "noDescendantUsed",
      (judged) => !anySet(wordOf(judged), descendantsOf(bitOf(judged), judged.budget.sizes)),
    ),
    breaks: [],
  },
  {
    when: "the lot is held against the number of lots as well",
    because: "a lot below the executions always exists",
    rule: mutant.ofPayment(
      "belowExecutions",
      (judged) => judged.lot < lotsOf(judged.budget) && nodeRule.payment.belowExecutions(judged),
    ),
    breaks: [],
  },
  {
    when: "any other used bit of the lot stands in the way of a payment",
    because: "it refuses more; but then a lot takes one payment, however small",
    rule: mutant.ofPayment(
      "noAncestorUsed",
      (judged) => BigInt.asUintN(256, wordOf(judged) & ~(1n << bitOf(judged))) === 0n,
    ),
    breaks: ["payments beside one another settle in any order"],
  },
  {
    when: "the node beside it stands in the way of a payment",
    because: "it refuses more; but half of each lot is lost",
    rule: mutant.ofPayment(
      "noAncestorUsed",
      (judged) =>
        nodeRule.payment.noAncestorUsed(judged) &&
        (bitOf(judged) === 1n || !isSet(wordOf(judged), bitOf(judged) ^ 1n)),
    ),
    breaks: ["payments beside one another settle in any order"],
  },
  {
    when: "an execution does not ask about bit 0",
    because: "bit 0 is not a node: only the owner sets it, and moves nothing",
    rule: reachingOnly((word) => word >> 1n === 0n),
    breaks: [],
  },
  {
    when: "an execution asks about the nodes of the budget's sizes only",
    because: "no payment may use deeper ones",
    rule: reachingOnly((word, { budget }) => BigInt.asUintN(2 ** budget.sizes, word) >> 1n === 0n),
    breaks: [],
  },
  {
    when: "an execution asks about every lot",
    because: "it refuses more; but then one payment stops all executions",
    rule: mutant.ofCharge(
      "reachesUnusedLots",
      (judged) =>
        nodeRule.charge.withinPeriod(judged) &&
        Array.from({ length: Number(lotsOf(judged.budget)) }, (_, lot) => BigInt(lot)).every(
          (lot) => judged.wordOf(judged.series, lot) === 0n,
        ),
    ),
    breaks: ["an execution stops only at the lot that it reaches"],
  },
];
