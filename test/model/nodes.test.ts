import { expect } from "chai";
import { isBelowExecutions, lotsOf, reachedLots, reachesOnly } from "./LotRule.ts";
import {
  ancestorsOf,
  bitOf,
  brokenByCharge,
  brokenByPayment,
  descendantsOf,
  isGoodNode,
  isSet,
  type Node,
  type NodeBudget,
  type NodeCharge,
  type NodeRequest,
  type NodeRule,
  type NodeState,
  nodeRule,
  nodeWorth,
  type PaymentCase,
  reachesUsedLot,
} from "./NodeRule.ts";
import { type NodeWorld, searchNodes, shapeOf } from "./searchNodes.ts";

const DEEP = Boolean(process.env.LATCHKEY_DEEP);

/** The most states that one budget of the default run may have; LATCHKEY_DEEP=1 runs the greater ones as well. */
const MOST_STATES = DEEP ? 400_000 : 8_000;

/** How many words of so many depths there are: all, or all that are not alike. */
const wordsOf = (depths: number, named: boolean): number => {
  const trees = (left: number): number => {
    const below = left > 1 ? trees(left - 1) : 0;
    return below === 0 ? 2 : 2 * (named ? below ** 2 : (below * (below + 1)) / 2);
  };
  return 2 * trees(depths);
};

/** How many states a search meets at most: every set of used bits, with every sum of executions. */
const mostStates = (budget: NodeBudget, named = false): number =>
  wordsOf(budget.depths, named) ** Number(lotsOf(budget)) * (Number(budget.perPeriod) + 1);

/** Every small budget whose smallest node is worth something. */
function smallBudgets(): NodeBudget[] {
  const budgets: NodeBudget[] = [];
  for (let depths = 1; depths <= (DEEP ? 4 : 3); depths++) {
    for (let sizes = 1; sizes <= depths; sizes++) {
      for (let perTransaction = 1n; perTransaction <= 8n; perTransaction++) {
        for (let perPeriod = perTransaction; perPeriod <= 13n; perPeriod++) {
          const budget = { perTransaction, perPeriod, sizes, depths };
          if (nodeWorth(budget, sizes - 1) > 0n) budgets.push(budget);
        }
      }
    }
  }
  return budgets;
}

const told = ({ perTransaction, perPeriod, sizes, depths }: NodeBudget) =>
  `perTransaction ${perTransaction}, perPeriod ${perPeriod}, sizes ${sizes}, depths ${depths}`;

const searched = smallBudgets().filter((budget) => mostStates(budget) <= MOST_STATES);

/** Small enough to search for each changed rule, with every bit named; the smallest first. */
const tiny = smallBudgets()
  .filter((budget) => budget.perTransaction <= 4n && budget.perPeriod <= 5n)
  .filter((budget) => mostStates(budget, true) <= 1_600)
  .sort((one, other) => mostStates(one, true) - mostStates(other, true));

/** Small enough to search with two periods, or two sessions. */
const twofold = tiny.filter((budget) => mostStates(budget) ** 2 <= (DEEP ? 100_000 : 3_000));

/** The rule with one of its conditions replaced; without a replacement the condition always holds. */
const mutant = {
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
type Flaw = { when: string; rule: NodeRule; world?: NodeWorld; story: string[] };

const flaws: Flaw[] = [
  {
    when: "the amount is not held against the node",
    rule: mutant.ofPayment("amountFits"),
    story: [
      "perTransaction 2, perPeriod 3, sizes 1, depths 1",
      "an execution spends 1",
      "a payment of 3 settles in node 1 of lot 0",
      "4 moved",
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
      "perTransaction 2, perPeriod 3, sizes 1, depths 1",
      "an execution spends 1",
      "an upto payment of 3 settles in node 1 of lot 0",
      "4 moved",
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
type Spare = { when: string; because: string; rule: NodeRule; breaks: string[] };

const spares: Spare[] = [
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
    because: "bit 0 is no node: only the owner sets it, and moves nothing",
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

const SERIES = { session: 0n, period: 0n };

/** A state in which one lot has this word, and all others another. */
const stateOf = (budget: NodeBudget, lot: bigint, word: bigint, spent = 0n, others = 0n): NodeState => ({
  budget,
  series: SERIES,
  spentIn: () => spent,
  wordOf: (_, asked) => (asked === lot ? word : others),
});

/** Every node of one lot that a payment may use. */
const nodesOf = ({ sizes }: NodeBudget, lot = 0n): Node[] =>
  Array.from({ length: sizes }, (_, depth) =>
    Array.from({ length: 2 ** depth }, (__, index) => ({ lot, depth, index: BigInt(index) })),
  ).flat();

/** A payment that needs the whole node. */
const paymentIn = (budget: NodeBudget, node: Node): NodeRequest => ({
  ...node,
  amount: nodeWorth(budget, node.depth),
  method: "exact",
  nonceOf: SERIES,
});

const everyWord = ({ depths }: NodeBudget) =>
  Array.from({ length: 2 ** (2 ** depths) }, (_, word) => BigInt(word));
const withBit = (word: bigint, node: Node) => word | (1n << bitOf(node));

/** What a rule must allow, beside what it must refuse: the names of what it does not. */
function livenessOf(rule: NodeRule): string[] {
  const broken = new Set<string>();
  for (const sizes of [1, 2, 3]) {
    const budget = { perTransaction: 4n, perPeriod: 9n, sizes, depths: 3 };
    const isGood = (word: bigint, node: Node) =>
      brokenByPayment(stateOf(budget, node.lot, word), paymentIn(budget, node), rule).length === 0;
    const nodes = nodesOf(budget);
    for (const node of [...nodes, ...nodesOf(budget, 1n)]) {
      if (!isGood(withBit(0n, node), node)) broken.add("a node of an untouched lot settles");
    }
    for (const word of everyWord(budget)) {
      for (const node of nodes.filter((free) => !isSet(word, bitOf(free)))) {
        const asked = isGood(word, node);
        const settles = isGood(withBit(word, node), node);
        if (asked && !settles) broken.add("what a facilitator was told settles");
        if (settles && !asked) broken.add("what would settle, a facilitator is told");
        for (const other of nodes.filter((free) => !isSet(word, bitOf(free)))) {
          const apart =
            bitOf(other) !== bitOf(node) &&
            !ancestorsOf(bitOf(other)).includes(bitOf(node)) &&
            !ancestorsOf(bitOf(node)).includes(bitOf(other));
          // Judged where both settle, or would, if the other had not come first.
          if (!apart || !isGoodNode(stateOf(budget, 0n, word), paymentIn(budget, node))) continue;
          if (!isGoodNode(stateOf(budget, 0n, word), paymentIn(budget, other))) continue;
          if (!isGood(withBit(word, other), node))
            broken.add("payments beside one another settle in any order");
        }
      }
    }
    for (let spent = 0n; spent <= budget.perPeriod; spent++) {
      for (let amount = 1n; amount <= 4n && spent + amount <= budget.perPeriod; amount++) {
        const [reached = 99n] = reachedLots(budget, spent, amount);
        if (brokenByCharge(stateOf(budget, reached, 0n, spent, 2n), amount, rule).length > 0) {
          broken.add("an execution stops only at the lot that it reaches");
        }
      }
    }
  }
  return [...broken].sort();
}

/** The smallest budget on which the changed rule lets too much through, and a shortest way there. */
function storyOf(rule: NodeRule, world: NodeWorld = {}): string[] | undefined {
  const places = (world.periods ?? 1) * (world.sessions ?? 1);
  for (const budget of tiny) {
    if (mostStates(budget, true) ** places > 10_000) continue;
    const { mostMoved, story } = searchNodes(budget, rule, {
      nameBits: true,
      stopAtViolation: true,
      ...world,
    });
    if (story) return [told(budget), ...story, `${mostMoved} moved`];
  }
  return undefined;
}

/** How many states the searches of all budgets meet: figures that the test below makes sure of. */
const STATES = DEEP ? 1 : 158_296;

describe("the node rule, over every interleaving of small budgets", function () {
  this.timeout(DEEP ? 0 : 600_000);

  it(`never lets a period move more than perPeriod, nor a payment more than perTransaction (${searched.length} budgets, ${STATES.toLocaleString("en-US")} states)`, () => {
    let states = 0;
    for (const budget of searched) {
      const found = searchNodes(budget);
      states += found.states;
      // Exactly: all of it can be spent.
      expect(found.mostMoved, told(budget)).to.equal(Number(budget.perPeriod));
      expect(found.mostAtOnce, told(budget)).to.equal(Number(budget.perTransaction));
    }
    expect(states).to.equal(STATES);
  });

  it("never lets one period's nodes pay in another", () => {
    for (const budget of twofold) {
      const { mostMoved } = searchNodes(budget, nodeRule, { periods: 2 });
      expect(mostMoved, told(budget)).to.equal(Number(budget.perPeriod));
    }
  });

  it("never lets one session's nodes pay for another", () => {
    for (const budget of twofold) {
      const { mostMoved } = searchNodes(budget, nodeRule, { sessions: 2 });
      expect(mostMoved, told(budget)).to.equal(Number(budget.perPeriod));
    }
  });

  it("moves no more where every amount is signed and settled, and every sum remembered", () => {
    for (const budget of tiny.filter((small) => mostStates(small) <= 500)) {
      const found = searchNodes(budget, nodeRule, { keepSums: true });
      expect(found.mostMoved, told(budget)).to.equal(Number(budget.perPeriod));
    }
  });

  it("moves no more where every bit of a word is told from every other", () => {
    for (const budget of tiny) {
      const found = searchNodes(budget, nodeRule, { nameBits: true });
      expect(found.mostMoved, told(budget)).to.equal(Number(budget.perPeriod));
    }
  });

  it("answers alike for words of one shape, and shapes are what exchanged halves have in common", () => {
    const budget = { perTransaction: 4n, perPeriod: 4n, sizes: 3, depths: 3 };
    /** Where a bit comes to lie when the halves below a node are exchanged. */
    const exchanged = (bit: bigint, node: bigint): bigint => {
      const upwards = [bit, ...ancestorsOf(bit)];
      const at = upwards.indexOf(node);
      return at > 0 ? bit ^ (1n << BigInt(at - 1)) : bit;
    };
    for (const word of everyWord(budget)) {
      for (const node of [1n, 2n, 3n]) {
        let other = 0n;
        for (let bit = 0n; bit < 8n; bit++) if (isSet(word, bit)) other |= 1n << exchanged(bit, node);
        expect(shapeOf(other, 3)).to.equal(shapeOf(word, 3));
        for (const payment of nodesOf(budget)) {
          const moved = exchanged(bitOf(payment), node) - (1n << BigInt(payment.depth));
          expect(
            isGoodNode(stateOf(budget, 0n, other), paymentIn(budget, { ...payment, index: moved })),
          ).to.equal(isGoodNode(stateOf(budget, 0n, word), paymentIn(budget, payment)));
        }
      }
    }
    expect(new Set(everyWord(budget).map((word) => shapeOf(word, 3))).size).to.equal(wordsOf(3, false));
  });

  for (const { when, rule, world, story } of flaws) {
    it(`is violated when ${when}`, () => {
      expect(storyOf(rule, world)).to.deep.equal(story);
    });
  }

  it("needs each of its parts, whether or not the owner uses up bits", () => {
    for (const { when, rule, world } of flaws) {
      expect(storyOf(rule, { ...world, burns: false }), when).not.to.equal(undefined);
    }
  });

  it("rests on Permit2 to settle a nonce once only", () => {
    expect(storyOf(nodeRule, { settlesOnce: false })).to.deep.equal([
      "perTransaction 1, perPeriod 1, sizes 1, depths 1",
      "a payment of 1 settles in node 1 of lot 0",
      "a payment of 1 settles in node 1 of lot 0",
      "2 moved",
    ]);
  });

  it("moves no more in a period when an execution is not held against perTransaction, but more at once", () => {
    const rule = mutant.ofCharge("withinTransaction");
    for (const budget of tiny) {
      const found = searchNodes(budget, rule);
      expect(found.mostMoved, told(budget)).to.equal(Number(budget.perPeriod));
      expect(found.mostAtOnce, told(budget)).to.equal(Number(budget.perPeriod));
    }
  });

  for (const { when, because, rule, breaks } of spares) {
    it(`moves no more when ${when}: ${because}`, () => {
      for (const budget of tiny) {
        const found = searchNodes(budget, rule);
        expect(found.mostMoved, told(budget)).to.be.at.most(Number(budget.perPeriod));
      }
      expect(livenessOf(rule)).to.deep.equal(breaks);
    });
  }

  it("settles what a facilitator was told, and payments beside one another in any order", () => {
    expect(livenessOf(nodeRule)).to.deep.equal([]);
  });

  it("reads one word for a payment, and for an execution one that it reaches", () => {
    const budget = { perTransaction: 4n, perPeriod: 12n, sizes: 3, depths: 3 };
    const read = new Set<string>();
    const state: NodeState = {
      ...stateOf(budget, 0n, 0n, 3n),
      wordOf: ({ session, period }, lot) => {
        read.add(`${session},${period},${lot}`);
        return 0n;
      },
    };
    expect(isGoodNode(state, paymentIn(budget, { lot: 1n, depth: 1, index: 1n }))).to.equal(true);
    expect([...read]).to.deep.equal(["0,0,1"]);
    read.clear();
    expect(reachesUsedLot(state, 2n)).to.equal(false);
    expect([...read]).to.deep.equal(["0,0,1"]);
  });
});

describe("the node rule's worked example: $1 a transaction, $20 a day, 5 sizes", () => {
  const budget: NodeBudget = { perTransaction: 1_000_000n, perPeriod: 20_000_000n, sizes: 5, depths: 8 };
  const used = (...bits: number[]) => bits.reduce((word, bit) => word | (1n << BigInt(bit)), 0n);
  const payment = (amount: bigint, lot: bigint, depth: number, index: bigint): NodeRequest => ({
    lot,
    depth,
    index,
    amount,
    method: "exact",
    nonceOf: SERIES,
  });

  it("has 20 lots and nodes of $1, $0.50, $0.25, $0.125 and $0.0625, numbered 1 to 31", () => {
    expect(lotsOf(budget)).to.equal(20n);
    expect([0, 1, 2, 3, 4].map((depth) => nodeWorth(budget, depth))).to.deep.equal([
      1_000_000n,
      500_000n,
      250_000n,
      125_000n,
      62_500n,
    ]);
    expect(nodesOf(budget).map(bitOf)).to.deep.equal(
      Array.from({ length: 31 }, (_, node) => BigInt(node + 1)),
    );
  });

  it("takes two payments of $0.20 in nodes 4 and 5 of lot 0 and one of $0.40 in node 3, in any order", () => {
    const payments = [
      payment(200_000n, 0n, 2, 0n),
      payment(200_000n, 0n, 2, 1n),
      payment(400_000n, 0n, 1, 1n),
    ];
    expect(payments.map(bitOf)).to.deep.equal([4n, 5n, 3n]);
    for (const order of [
      [0, 1, 2],
      [0, 2, 1],
      [1, 0, 2],
      [1, 2, 0],
      [2, 0, 1],
      [2, 1, 0],
    ]) {
      let word = 0n;
      for (const at of order) {
        const next = payments[at] as NodeRequest;
        // Asked by a facilitator, then by Permit2, which has set the bit.
        expect(isGoodNode(stateOf(budget, 0n, word), next)).to.equal(true);
        word = withBit(word, next);
        expect(isGoodNode(stateOf(budget, 0n, word), next)).to.equal(true);
      }
      expect(word).to.equal(used(3, 4, 5));
    }
  });

  it("takes nothing more in lot 0 then, not even what an upto payment left of node 3", () => {
    const state = stateOf(budget, 0n, used(3, 4, 5));
    const free = nodesOf(budget).filter((node) => !isSet(used(3, 4, 5), bitOf(node)));
    for (const node of free) {
      expect(isGoodNode(state, { ...paymentIn(budget, node), amount: 1n }), `${bitOf(node)}`).to.equal(false);
    }
    const below = { ...payment(100_000n, 0n, 2, 2n), method: "upto" as const };
    expect(brokenByPayment(state, below)).to.deep.equal(["noAncestorUsed"]);
    expect(brokenByPayment(state, payment(1_000_000n, 0n, 0, 0n))).to.deep.equal(["noDescendantUsed"]);
  });

  it("takes 16 payments of $0.003 in a lot, with 8 sizes 128", () => {
    for (const [sizes, payments] of [
      [5, 16n],
      [8, 128n],
    ] as const) {
      const cut = { ...budget, sizes };
      let word = 0n;
      for (let index = 0n; index < payments; index++) {
        const small = payment(3_000n, 1n, sizes - 1, index);
        word = withBit(word, small);
        expect(isGoodNode(stateOf(cut, 1n, word), small)).to.equal(true);
      }
      expect(brokenByPayment(stateOf(cut, 1n, word), payment(3_000n, 1n, sizes - 1, payments))).to.include(
        "indexExists",
      );
      expect(brokenByPayment(stateOf(cut, 1n, word), payment(3_000n, 1n, sizes, 0n))).to.include(
        "depthExists",
      );
    }
  });

  it("gives lot 19 to executions after a transfer of $0.70, and lot 18 after $0.40 more", () => {
    expect(reachedLots(budget, 0n, 700_000n)).to.deep.equal([19n]);
    expect(reachedLots(budget, 700_000n, 400_000n)).to.deep.equal([18n]);
    expect(brokenByPayment(stateOf(budget, 19n, 0n, 700_000n), payment(1n, 19n, 4, 0n))).to.deep.equal([
      "belowExecutions",
    ]);
    expect(isGoodNode(stateOf(budget, 18n, 0n, 700_000n), payment(1n, 18n, 4, 0n))).to.equal(true);
  });

  it("refuses a transfer into lot 19 once any bit of its word is set", () => {
    for (let bit = 0; bit < 256; bit++) {
      expect(reachesUsedLot(stateOf(budget, 19n, used(bit)), 700_000n), `${bit}`).to.equal(true);
    }
    expect(reachesUsedLot(stateOf(budget, 18n, used(1)), 700_000n)).to.equal(false);
    expect(reachesUsedLot(stateOf(budget, 18n, used(1), 700_000n), 300_000n)).to.equal(false);
    expect(reachesUsedLot(stateOf(budget, 18n, used(1), 700_000n), 300_001n)).to.equal(true);
  });
});
