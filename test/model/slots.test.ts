import { expect } from "chai";
import { lotsOf, reachedLots, sizesOf } from "./LotRule.ts";
import {
  type AuthorizationCase,
  brokenByAuthorization,
  brokenByCharge,
  type ChargeCase,
  type SlotBudget,
  type SlotRule,
  slotRule,
  slotWorth,
} from "./SlotRule.ts";
import { type SlotWorld, searchSlots } from "./searchSlots.ts";

/** The most states that one budget of the default run may have; LATCHKEY_DEEP=1 runs the greater ones as well. */
const MOST_STATES = process.env.LATCHKEY_DEEP ? 500_000 : 60_000;

/** Every small budget whose smallest slot is worth something. */
function smallBudgets(): SlotBudget[] {
  const budgets: SlotBudget[] = [];
  for (const split of [2n, 4n]) {
    for (let perTransaction = 1n; perTransaction <= 4n; perTransaction++) {
      for (let perPeriod = perTransaction; perPeriod <= 13n; perPeriod++) {
        for (let sizes = 1; sizes <= 3; sizes++) {
          const budget = { perTransaction, perPeriod, sizes, split };
          if (split === 4n && sizes === 1) continue; // The same as with split 2.
          if (slotWorth(budget, sizes - 1) > 0n) budgets.push(budget);
        }
      }
    }
  }
  return budgets;
}

/** How many states a search can meet at most: every set of used nonces, with every sum of executions. */
function mostStates(budget: SlotBudget): number {
  const lot = sizesOf(budget).reduce((states, size) => states * 2 * Number(budget.split) ** size, 1);
  return lot ** Number(lotsOf(budget)) * (Number(budget.perPeriod) + 1);
}

/** The rule with one of its conditions replaced; without a replacement the condition always holds. */
const mutant = {
  ofAuthorization: (
    name: keyof SlotRule["authorization"],
    holds: (judged: AuthorizationCase) => boolean = () => true,
  ): SlotRule => ({ ...slotRule, authorization: { ...slotRule.authorization, [name]: holds } }),
  ofCharge: (
    name: keyof SlotRule["charge"],
    holds: (judged: ChargeCase) => boolean = () => true,
  ): SlotRule => ({
    ...slotRule,
    charge: { ...slotRule.charge, [name]: holds },
  }),
};

describe("the slot rule, over every interleaving of small budgets", function () {
  this.timeout(process.env.LATCHKEY_DEEP ? 0 : 600_000);

  const searched = smallBudgets().filter((budget) => mostStates(budget) <= MOST_STATES);

  it(`never lets a period move more than perPeriod, nor a payment more than perTransaction (${searched.length} of ${smallBudgets().length} budgets)`, () => {
    let states = 0;
    for (const budget of searched) {
      const found = searchSlots(budget);
      states += found.states;
      expect(found.mostAtOnce).to.equal(Number(budget.perTransaction));
      expect(
        found.mostMoved,
        JSON.stringify(budget, (_, v) => (typeof v === "bigint" ? `${v}` : v)),
      ).to.equal(Number(budget.perPeriod));
    }
    expect(states).to.be.greaterThan(100_000);
  });

  it("never lets one period's slots pay in another", () => {
    for (const perPeriod of [2n, 4n, 5n]) {
      const budget = { perTransaction: 2n, perPeriod, sizes: 2, split: 2n };
      expect(searchSlots(budget, slotRule, { periods: 2 }).mostMoved).to.equal(Number(perPeriod));
    }
  });

  /** Some small budget on which the changed rule lets too much through. */
  const caught = (rule: SlotRule, world: SlotWorld = {}) =>
    searched.find(
      (budget) =>
        mostStates(budget) <= 20_000 &&
        searchSlots(budget, rule, { stopAtViolation: true, ...world }).mostMoved > Number(budget.perPeriod),
    );

  const mutants: Record<string, SlotRule> = {
    "the value is not held against the slot": mutant.ofAuthorization("valueFits"),
    "the size is not held against sizes": mutant.ofAuthorization("sizeExists"),
    "the index is not held against the number of slots": mutant.ofAuthorization("indexExists"),
    "the index may be one too many": mutant.ofAuthorization(
      "indexExists",
      ({ budget, slot }) => slot.index <= budget.split ** BigInt(slot.size),
    ),
    "other sizes of the lot may be opened": mutant.ofAuthorization("othersClosed"),
    "other sizes are looked at for openers only": mutant.ofAuthorization(
      "othersClosed",
      (judged) => judged.slot.index > 0n || slotRule.authorization.othersClosed(judged),
    ),
    "other sizes are looked at for followers only": mutant.ofAuthorization(
      "othersClosed",
      (judged) => judged.slot.index === 0n || slotRule.authorization.othersClosed(judged),
    ),
    "only greater slots of the lot are looked at": mutant.ofAuthorization(
      "othersClosed",
      ({ slot, opened }) =>
        Array.from({ length: slot.size }, (_, size) => size).every((size) => !opened(slot.lot, size)),
    ),
    "only smaller slots of the lot are looked at": mutant.ofAuthorization(
      "othersClosed",
      ({ budget, slot, opened }) =>
        sizesOf(budget).every((size) => size <= slot.size || !opened(slot.lot, size)),
    ),
    "a follower needs no opener": mutant.ofAuthorization("followsItsOpener"),
    "what executions spent is not looked at": mutant.ofAuthorization("belowExecutions"),
    "a lot that executions have begun is still good": mutant.ofAuthorization(
      "belowExecutions",
      ({ budget, slot, spent }) => slot.lot * budget.perTransaction < budget.perPeriod - spent,
    ),
    "an execution is not held against perPeriod": mutant.ofCharge("withinPeriod"),
    "an execution may reach opened lots": mutant.ofCharge("reachesUntouchedLots"),
    "an execution looks at the greatest size only": mutant.ofCharge(
      "reachesUntouchedLots",
      ({ budget, amount, spent, opened }) =>
        spent + amount > budget.perPeriod ||
        reachedLots(budget, spent, amount).every((lot) => !opened(lot, 0)),
    ),
    "an execution is not held against perTransaction and looks at the lowest lot only": {
      authorization: slotRule.authorization,
      charge: {
        withinTransaction: () => true,
        withinPeriod: slotRule.charge.withinPeriod,
        reachesUntouchedLots: ({ budget, amount, spent, opened }) =>
          spent + amount > budget.perPeriod ||
          reachedLots(budget, spent, amount)
            .slice(0, 1)
            .every((lot) => sizesOf(budget).every((size) => !opened(lot, size))),
      },
    },
  };
  for (const [name, rule] of Object.entries(mutants)) {
    it(`is violated when ${name}`, () => {
      expect(caught(rule)).not.to.equal(undefined);
    });
  }

  it("is broken when slots of another period are good", () => {
    expect(caught(slotRule, { periods: 2, currentPeriodOnly: false })).not.to.equal(undefined);
  });

  it("needs followers to check other sizes only because of nonces used by others", () => {
    const rule = mutants["other sizes are looked at for openers only"];
    expect(caught(rule as SlotRule, { burns: false })).to.equal(undefined);
  });

  it("checks twice that the lot exists: a lot below the executions always does", () => {
    for (const budget of searched) {
      for (let spent = 0n; spent <= budget.perPeriod; spent++) {
        for (let lot = 0n; lot <= budget.perPeriod; lot++) {
          const judged = { budget, slot: { lot, size: 0, index: 0n }, value: 0n, spent, opened: () => false };
          if (slotRule.authorization.belowExecutions(judged)) {
            expect(slotRule.authorization.lotExists(judged)).to.equal(true);
          }
        }
      }
    }
  });

  it("lets an execution reach one new lot at most", () => {
    for (const budget of searched) {
      for (let spent = 0n; spent <= budget.perPeriod; spent++) {
        for (
          let amount = 0n;
          amount <= budget.perTransaction && spent + amount <= budget.perPeriod;
          amount++
        ) {
          expect(reachedLots(budget, spent, amount).length).to.be.at.most(1);
        }
      }
    }
  });
});

describe("the worked example of the design: $1 a transaction, $20 a day, 5 slot sizes", () => {
  const budget: SlotBudget = { perTransaction: 1_000_000n, perPeriod: 20_000_000n, sizes: 5, split: 4n };
  const openedBy = (...openers: string[]) => ({
    opened: (lot: bigint, size: number) => openers.includes(`${lot},${size}`),
  });

  it("has 20 lots and slots of $1, $0.25, $0.0625, $0.015625 and $0.003906", () => {
    expect(lotsOf(budget)).to.equal(20n);
    expect(sizesOf(budget).map((size) => slotWorth(budget, size))).to.deep.equal([
      1_000_000n,
      250_000n,
      62_500n,
      15_625n,
      3_906n,
    ]);
  });

  it("takes two payments of $0.20 in slots (0,1,0) and (0,1,1), the second once the first has settled", () => {
    const payment = { budget, value: 200_000n, spent: 0n };
    expect(brokenByAuthorization({ ...payment, slot: { lot: 0n, size: 1, index: 0n }, ...openedBy() })).to.be
      .empty;
    const second = { ...payment, slot: { lot: 0n, size: 1, index: 1n } };
    expect(brokenByAuthorization({ ...second, ...openedBy() })).to.deep.equal(["followsItsOpener"]);
    expect(brokenByAuthorization({ ...second, ...openedBy("0,1") })).to.be.empty;
  });

  it("takes 256 payments of $0.003 in lot 1 at size 4", () => {
    const payment = { budget, value: 3_000n, spent: 0n, ...openedBy("0,1", "1,4") };
    expect(brokenByAuthorization({ ...payment, slot: { lot: 1n, size: 4, index: 255n } })).to.be.empty;
    expect(brokenByAuthorization({ ...payment, slot: { lot: 1n, size: 4, index: 256n } })).to.deep.equal([
      "indexExists",
    ]);
  });

  it("gives lot 19 to executions after a transfer of $0.70", () => {
    expect(reachedLots(budget, 0n, 700_000n)).to.deep.equal([19n]);
    const payment = { budget, value: 1n, spent: 700_000n, ...openedBy() };
    expect(brokenByAuthorization({ ...payment, slot: { lot: 19n, size: 0, index: 0n } })).to.deep.equal([
      "belowExecutions",
    ]);
    expect(brokenByAuthorization({ ...payment, slot: { lot: 18n, size: 0, index: 0n } })).to.be.empty;
  });

  it("refuses a transfer into lot 19 once a signed payment has opened it", () => {
    const charge = { budget, amount: 700_000n, spent: 0n, ...openedBy("19,2") };
    expect(brokenByCharge(charge)).to.deep.equal(["reachesUntouchedLots"]);
  });
});
