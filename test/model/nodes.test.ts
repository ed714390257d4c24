import { expect } from "chai";
import { lotsOf, reachedLots } from "./LotRule.ts";
import {
  ancestorsOf,
  bitOf,
  brokenByPayment,
  isGoodNode,
  isSet,
  type NodeBudget,
  type NodeRequest,
  type NodeRule,
  type NodeState,
  nodeRule,
  nodeWorth,
  reachesUsedLot,
} from "./NodeRule.ts";
import { nodesOf, paymentIn, SERIES, stateOf, withBit } from "./nodeCases.ts";
import { flaws, mutant, spares } from "./nodeFlaws.ts";
import { everyWord, livenessOf } from "./nodeLiveness.ts";
import { type NodeWorld, searchNodes, shapeOf } from "./searchNodes.ts";

const DEEP = Boolean(process.env.LATCHKEY_DEEP);

/** The most states that one budget of the default run may have; LATCHKEY_DEEP=1 runs the greater ones as well. */
const MOST_STATES = DEEP ? 60_000 : 8_000;

/** How many words of so many depths there are: all, or all that are not alike. */
const wordsOf = (depths: number, named: boolean): number => {
  const trees = (left: number): number => {
    const below = left > 1 ? trees(left - 1) : 0;
    return below === 0 ? 2 : 2 * (named ? below ** 2 : (below * (below + 1)) / 2);
  };
  return 2 * trees(depths);
};

/** How many states a search meets: every set of used bits with every sum of executions, as the owner may use up any bit. */
const statesOf = (budget: NodeBudget, named = false): number =>
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

const searched = smallBudgets().filter((budget) => statesOf(budget) <= MOST_STATES);

/** Small enough to search for each changed rule, with every bit named; the smallest first. */
const tiny = smallBudgets()
  .filter((budget) => budget.perTransaction <= 4n && budget.perPeriod <= 5n)
  .filter((budget) => statesOf(budget, true) <= 1_600)
  .sort((one, other) => statesOf(one, true) - statesOf(other, true));

/** Small enough to search with two periods, or two sessions. */
const twofold = tiny.filter((budget) => statesOf(budget) ** 2 <= (DEEP ? 100_000 : 1_000));

/** The smallest budget on which the changed rule lets too much through, and a shortest way there. */
function storyOf(rule: NodeRule, world: NodeWorld = {}): string[] | undefined {
  const places = (world.periods ?? 1) * (world.sessions ?? 1);
  for (const budget of tiny) {
    if (statesOf(budget, true) ** places > 10_000) continue;
    const { mostMoved, story } = searchNodes(budget, rule, {
      nameBits: true,
      stopAtViolation: true,
      ...world,
    });
    if (story) return [told(budget), ...story, `${mostMoved} moved`];
  }
  return undefined;
}

const allStates = searched.reduce((states, budget) => states + statesOf(budget), 0);

describe("the node rule, over every interleaving of small budgets", function () {
  this.timeout(DEEP ? 0 : 600_000);

  it(`never lets a period move more than perPeriod, nor a payment more than perTransaction (${searched.length} budgets, ${allStates.toLocaleString("en-US")} states)`, () => {
    let states = 0;
    for (const budget of searched) {
      const found = searchNodes(budget);
      states += found.states;
      // Exactly: all of it can be spent.
      expect(found.mostMoved, told(budget)).to.equal(Number(budget.perPeriod));
      expect(found.mostAtOnce, told(budget)).to.equal(Number(budget.perTransaction));
    }
    expect(states).to.equal(allStates);
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
    for (const budget of tiny.filter((small) => statesOf(small) <= 500)) {
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

  it("is asked again at settlement, when what a facilitator was told may no longer hold", () => {
    const half = payment(400_000n, 19n, 1, 1n);
    const before = stateOf(budget, 19n, 0n);
    expect(isGoodNode(before, half)).to.equal(true);
    const settling = (word: bigint, spent = 0n, others = 0n) =>
      brokenByPayment(stateOf(budget, 19n, withBit(word, half), spent, others), half);
    // Meanwhile the other half of the lot, other lots, and the owner's bit 0 may have been used.
    expect(settling(used(0, 2), 0n, used(1))).to.deep.equal([]);
    // The lot, a quarter below, or the whole lot by an execution; or the period is over.
    expect(settling(used(1))).to.deep.equal(["noAncestorUsed"]);
    expect(settling(used(6))).to.deep.equal(["noDescendantUsed"]);
    expect(settling(0n, 1n)).to.deep.equal(["belowExecutions"]);
    const later = { ...before, series: { ...SERIES, period: 1n } };
    expect(brokenByPayment(later, half)).to.deep.equal(["nonceOfThisPeriod"]);
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
