import { isAddressEqual, size, slice } from "viem";
import type { Call, Session } from "./Session.ts";
import type { WholeParts } from "./WholeParts.ts";

/** transfer(address,uint256) */
const TRANSFER = "0xa9059cbb";

/**
 * The parts that the module needs whole for these calls of an enabled session: plain token payments need their budgets;
 * measured calls need every budget, and an action the list of actions.
 */
export function partsNeeded(session: Session, calls: readonly Call[]): WholeParts | undefined {
  const budgets = new Set<number>();
  for (const { target, value, data } of calls) {
    const index = session.budgets.findIndex(({ token }) => isAddressEqual(token, target));
    const isTransfer = value === 0n && size(data) === 68 && slice(data, 0, 4).toLowerCase() === TRANSFER;
    if (index < 0 || !isTransfer) return undefined;
    budgets.add(index);
  }
  return { budgets: [...budgets], actions: false };
}
