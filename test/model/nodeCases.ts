import {
  bitOf,
  type Node,
  type NodeBudget,
  type NodeRequest,
  type NodeState,
  nodeWorth,
} from "./NodeRule.ts";

/** The nonces that the cases are about: those of the first period of one budget. */
export const SERIES = { session: 0n, period: 0n };

/** A state in which one lot has this word, and all others another. */
export const stateOf = (
  budget: NodeBudget,
  lot: bigint,
  word: bigint,
  spent = 0n,
  others = 0n,
): NodeState => ({
  budget,
  series: SERIES,
  spentIn: () => spent,
  wordOf: (_, asked) => (asked === lot ? word : others),
});

/** Every node of one lot that a payment may use. */
export const nodesOf = ({ sizes }: NodeBudget, lot = 0n): Node[] =>
  Array.from({ length: sizes }, (_, depth) =>
    Array.from({ length: 2 ** depth }, (__, index) => ({ lot, depth, index: BigInt(index) })),
  ).flat();

/** A payment that needs the whole node. */
export const paymentIn = (budget: NodeBudget, node: Node): NodeRequest => ({
  ...node,
  amount: nodeWorth(budget, node.depth),
  method: "exact",
  nonceOf: SERIES,
});

/** The word once the node is used. */
export const withBit = (word: bigint, node: Node) => word | (1n << bitOf(node));
