import { reachedLots } from "./LotRule.ts";
import {
  ancestorsOf,
  bitOf,
  brokenByCharge,
  brokenByPayment,
  isGoodNode,
  isSet,
  type Node,
  type NodeBudget,
  type NodeRule,
} from "./NodeRule.ts";
import { nodesOf, paymentIn, stateOf, withBit } from "./nodeCases.ts";

/** Every word that a lot can be. */
export const everyWord = ({ depths }: NodeBudget) =>
  Array.from({ length: 2 ** (2 ** depths) }, (_, word) => BigInt(word));
/** What a rule must allow, beside what it must refuse: the names of what it does not. */
export function livenessOf(rule: NodeRule): string[] {
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
