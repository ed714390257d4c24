import { lotsOf } from "./LotRule.ts";
import {
  bitOf,
  isSet,
  type NodeBudget,
  type NodeRule,
  type NodeState,
  nodeRule,
  type Series,
} from "./NodeRule.ts";
import {
  type LotSearch,
  type LotView,
  type LotWorld,
  type NonceUse,
  type Place,
  searchLots,
} from "./searchLots.ts";

/** What may happen besides executions and signed payments. */
export type NodeWorld = LotWorld & {
  /** Whether the owner may use up any bit without the session: Permit2 lets nobody else. */
  burns?: boolean;
  /** Tell every bit of a word from every other, for a rule to which left and right are not alike. */
  nameBits?: boolean;
  /** Whether Permit2 refuses a nonce whose bit is set: false only to show what for, with `stopAtViolation`. */
  settlesOnce?: boolean;
};

/**
 * The word's name, the same for all words that become one by exchanging the two halves below a node, any number of
 * times: whatever can follow one of them can follow the other.
 */
export function shapeOf(word: bigint, depths: number): string {
  const shape = (bit: bigint, left: number): string =>
    `${isSet(word, bit) ? 1 : 0}${left > 1 ? [shape(2n * bit, left - 1), shape(2n * bit + 1n, left - 1)].sort().join("") : ""}`;
  const past = word >> (1n << BigInt(depths));
  return `${isSet(word, 0n) ? 1 : 0}${shape(1n, depths)},${past}`;
}

const seriesOf = ({ session, period }: Place): Series => ({
  session: BigInt(session),
  period: BigInt(period),
});
const placeOf = ({ session, period }: Series): Place => ({
  session: Number(session),
  period: Number(period),
});

/**
 * Walks every interleaving of executions, payments by exact and by upto, and bits used up by the owner that the node
 * rule allows.
 *
 * Nothing is left out but what changes nothing. Every payment settles the most that the rule allows; `keepSums` settles
 * every amount. What a facilitator asks before settlement changes no state, so it is not a step: a settlement is judged
 * afresh. Bits that the owner uses up by one mask are so many steps in a row. Money of a payment that settles inside a
 * measured execution is charged after it, so that is a payment, then an execution.
 */
export function searchNodes(
  budget: NodeBudget,
  rule: NodeRule = nodeRule,
  { burns = true, nameBits = false, settlesOnce = true, ...world }: NodeWorld = {},
): LotSearch {
  // One more than a period has: a rule must reject it.
  const most = Number(budget.perPeriod) + 1;
  const lots = Number(lotsOf(budget));
  const wordBits = 1n << BigInt(budget.depths);
  const ofOneWord = (bits: bigint) => BigInt.asUintN(Number(wordBits), bits);
  const ofPayment = Object.values(rule.payment);
  const ofCharge = Object.values(rule.charge);

  // One depth more than there are bits for, and one index more than there are nodes: a rule must reject these.
  const nodes = Array.from({ length: budget.depths + 1 }, (_, depth) =>
    Array.from({ length: 2 ** depth + 1 }, (__, index) => ({ depth, index: BigInt(index) })),
  ).flat();

  const stateOf = (view: LotView<bigint>): Omit<NodeState, "wordOf"> => ({
    budget,
    series: seriesOf(view),
    spentIn: (series) => BigInt(view.spentIn(placeOf(series))),
  });

  const usesOf = (view: LotView<bigint>, place: Place, lot: number): NonceUse<bigint>[] => {
    const uses: NonceUse<bigint>[] = [];
    const bits = view.lotOf(place, lot);
    const state = stateOf(view);
    const of = (world.sessions ?? 1) > 1 ? `, session ${place.session}` : "";
    const when = (world.periods ?? 1) > 1 ? `, period ${place.period}` : "";
    for (const node of nodes) {
      const bit = bitOf(node);
      if (settlesOnce && isSet(bits, bit)) continue;
      const after = bits | (1n << bit);
      const nonceOf = seriesOf(place);
      // Permit2 has set the bit when it asks. One past the end of the word lies in a word of no lot.
      const wordOf = (series: Series, of: bigint) => {
        const asked = placeOf(series);
        const own = asked.session === place.session && asked.period === place.period;
        return ofOneWord(own ? after : view.lotOf(asked, Number(of)));
      };
      for (const method of ["exact", "upto"] as const) {
        const isGood = (amount: number) => {
          const judged = {
            ...state,
            ...node,
            lot: BigInt(lot),
            method,
            nonceOf,
            wordOf,
            amount: BigInt(amount),
          };
          return ofPayment.every((holds) => holds(judged));
        };
        // A rule that rejects the least amount rejects every amount.
        if (!isGood(1)) continue;
        for (let amount = most; amount > 0; amount--) {
          if (!isGood(amount)) continue;
          const said = (value: number) =>
            `${method === "exact" ? "a payment" : "an upto payment"} of ${value} settles in node ${bit} of lot ${lot}${of}${when}`;
          const least = world.keepSums && method === "upto" ? 1 : amount;
          for (let value = amount; value >= least; value--) uses.push({ after, value, said: said(value) });
          if (!world.keepSums) break;
        }
      }
    }
    if (burns && lot < lots) {
      for (let bit = 0n; bit < wordBits; bit++) {
        if (isSet(bits, bit)) continue;
        uses.push({
          after: bits | (1n << bit),
          value: 0,
          said: `the owner uses up bit ${bit} of lot ${lot}${of}${when}`,
        });
      }
    }
    return uses;
  };

  return searchLots(
    {
      budget,
      untouched: 0n,
      nameOf: nameBits ? String : (bits) => shapeOf(bits, budget.depths),
      usesOf,
      mayCharge: (view, amount) => {
        const judged = {
          ...stateOf(view),
          amount: BigInt(amount),
          spent: BigInt(view.spentIn(view)),
          wordOf: (series: Series, lot: bigint) => ofOneWord(view.lotOf(placeOf(series), Number(lot))),
        };
        return ofCharge.every((holds) => holds(judged));
      },
    },
    world,
  );
}
