import type { Budget, Session } from "#sdk/session/Session.ts";
import { lotsOf } from "../model/LotRule.ts";
import { ancestorsOf, bitOf, descendantsOf, isSet, type Node } from "../model/NodeRule.ts";
import { hashSession, nodeNonce } from "../model/typedData.ts";
import type { Scene } from "./Scene.ts";
import type { SlotPlan } from "./scenario.ts";

/** The node that a plan means in the budget's current period, whose size is the depth. */
export function nodeOf(scene: Scene, session: Session, budgetIndex: number, plan: SlotPlan): Node {
  const budget = session.budgets[budgetIndex] as Budget;
  const depth = Math.min(plan.size, Math.max(0, budget.sizes - 1));
  switch (plan.slot) {
    case "good":
      return goodNode(scene, session, budgetIndex, { ...plan, depth }) ?? { lot: 0n, depth, index: 0n };
    case "contested":
      return contestedNode(scene, session, budgetIndex, depth);
    case "any":
      return { lot: BigInt(plan.lot), depth: plan.size, index: BigInt(plan.index) };
    case "past the lots":
      return { lot: lotsOf(budget), depth, index: 0n };
    case "past the sizes":
      return { lot: 0n, depth: budget.sizes, index: 0n };
    case "past the indices":
      return { lot: 0n, depth, index: 2n ** BigInt(depth) };
    case "past all numbers":
      // Times perTransaction, one more than this lot is 0 or little in 256 bits.
      return { lot: (2n ** 256n - 1n) / budget.perTransaction, depth, index: 0n };
  }
}

/** The word of a lot's nodes, as it stands now. */
function wordOf(scene: Scene, session: Session, budgetIndex: number, lot: bigint): bigint {
  const { period } = scene.model.budgetOf(session, budgetIndex);
  const nonce = nodeNonce(hashSession(session), budgetIndex, period, { lot, depth: 0, index: 0n });
  return scene.model.ledger.permit2Word(session.account, nonce >> 8n);
}

const nodesAt = (depth: number): bigint[] => Array.from({ length: 2 ** depth }, (_, index) => BigInt(index));

/** The node at that depth that would be good now, if the session were; after so many others. */
function goodNode(
  scene: Scene,
  session: Session,
  budgetIndex: number,
  { depth, skip, from }: { depth: number; skip: number; from: "the bottom" | "the top" },
): Node | undefined {
  const budget = session.budgets[budgetIndex] as Budget;
  const { spent } = scene.model.budgetOf(session, budgetIndex);
  const lots = (budget.perPeriod - spent) / budget.perTransaction;
  let left = skip;
  for (let step = 0n; step < lots; step++) {
    const lot = from === "the bottom" ? step : lots - 1n - step;
    const word = wordOf(scene, session, budgetIndex, lot);
    for (const index of nodesAt(depth)) {
      const bit = bitOf({ depth, index });
      const others = [bit, ...ancestorsOf(bit), ...descendantsOf(bit, 8)];
      if (others.some((other) => isSet(word, other))) continue;
      if (left-- === 0) return { lot, depth, index };
    }
  }
  return undefined;
}

/** In the lowest lot of which a node is used: one at that depth that lies above or below it, if there is one. */
function contestedNode(scene: Scene, session: Session, budgetIndex: number, depth: number): Node {
  const budget = session.budgets[budgetIndex] as Budget;
  for (let lot = 0n; lot < lotsOf(budget); lot++) {
    const word = wordOf(scene, session, budgetIndex, lot);
    if (word === 0n) continue;
    const index = nodesAt(depth).find((each) => {
      const bit = bitOf({ depth, index: each });
      return (
        !isSet(word, bit) &&
        [...ancestorsOf(bit), ...descendantsOf(bit, 8)].some((other) => isSet(word, other))
      );
    });
    if (index !== undefined) return { lot, depth, index };
  }
  return { lot: 0n, depth, index: 0n };
}
