import type { Budget, Session } from "#sdk/session/Session.ts";
import { lotsOf } from "../model/LotRule.ts";
import { slotBudgetOf } from "../model/SessionModel.ts";
import type { Slot } from "../model/SlotRule.ts";
import { hashSession, slotNonce } from "../model/typedData.ts";
import type { Scene } from "./Scene.ts";
import type { SlotPlan } from "./scenario.ts";

/** The slot that a plan means in the budget's current period. */
export function slotOf(scene: Scene, session: Session, budgetIndex: number, plan: SlotPlan): Slot {
  const budget = slotBudgetOf(session.budgets[budgetIndex] as Budget);
  const size = Math.min(plan.size, Math.max(0, budget.sizes - 1));
  switch (plan.slot) {
    case "good":
      return goodSlot(scene, session, budgetIndex, { ...plan, size }) ?? { lot: 0n, size, index: 0n };
    case "contested":
      return contestedSlot(scene, session, budgetIndex, size);
    case "any":
      return { lot: BigInt(plan.lot), size: plan.size, index: BigInt(plan.index) };
    case "past the lots":
      return { lot: lotsOf(budget), size, index: 0n };
    case "past the sizes":
      return { lot: 0n, size: budget.sizes, index: 0n };
    case "past the indices":
      return { lot: 0n, size, index: 4n ** BigInt(size) };
    case "past all numbers":
      // Times perTransaction, one more than this lot is 0 or little in 256 bits.
      return { lot: (2n ** 256n - 1n) / budget.perTransaction, size, index: 0n };
  }
}

/** The slot of that size that would be good now, if the session were; after so many others. */
function goodSlot(
  scene: Scene,
  session: Session,
  budgetIndex: number,
  { size, skip, from }: { size: number; skip: number; from: "the bottom" | "the top" },
): Slot | undefined {
  const budget = session.budgets[budgetIndex] as Budget;
  const { address } = scene.ground.usdc;
  const { period, spent } = scene.model.budgetOf(session, budgetIndex);
  const used = (slot: Slot) =>
    scene.model.ledger.nonceUsed(
      address,
      session.account,
      slotNonce(hashSession(session), budgetIndex, period, slot),
    );
  const lots = (budget.perPeriod - spent) / budget.perTransaction;
  let left = skip;
  for (let step = 0n; step < lots; step++) {
    const lot = from === "the bottom" ? step : lots - 1n - step;
    const opened = Array.from({ length: budget.sizes }, (_, of) => used({ lot, size: of, index: 0n }));
    if (opened.some((isOpened, of) => isOpened && of !== size)) continue;
    for (let index = opened[size] ? 1n : 0n; index < 4n ** BigInt(size) && index < 6n; index++) {
      const slot = { lot, size, index };
      if (used(slot)) continue;
      if (left-- === 0) return slot;
      if (index === 0n) break;
    }
  }
  return undefined;
}

/** In the lowest lot that is opened: the next slot of a size that may not be the one it was opened in. */
function contestedSlot(scene: Scene, session: Session, budgetIndex: number, size: number): Slot {
  const budget = session.budgets[budgetIndex] as Budget;
  const { period } = scene.model.budgetOf(session, budgetIndex);
  const used = (slot: Slot) =>
    scene.model.ledger.nonceUsed(
      budget.token,
      session.account,
      slotNonce(hashSession(session), budgetIndex, period, slot),
    );
  const lots = Array.from({ length: Number(budget.perPeriod / budget.perTransaction) }, (_, lot) =>
    BigInt(lot),
  );
  const isOpened = (lot: bigint) =>
    Array.from({ length: budget.sizes }, (_, of) => of).some((of) => used({ lot, size: of, index: 0n }));
  const lot = lots.find(isOpened) ?? 0n;
  let index = 0n;
  while (index + 1n < 4n ** BigInt(size) && used({ lot, size, index })) index++;
  return { lot, size, index };
}
