import { numberToHex } from "viem";
import type { Session } from "../session/Session.ts";
import type { LatchkeySessionData } from "./PermissionRequest.ts";

/** The data of a permission of type `latchkey-session` that asks for this session. */
export const latchkeySessionData = (
  session: Pick<Session, "budgets" | "actions" | "gasAllowance" | "paymaster">,
): LatchkeySessionData => ({
  budgets: session.budgets.map((budget) => ({
    ...budget,
    perTransaction: numberToHex(budget.perTransaction),
    perPeriod: numberToHex(budget.perPeriod),
    initial: numberToHex(budget.initial),
    perSecond: numberToHex(budget.perSecond),
  })),
  actions: session.actions,
  gasAllowance: numberToHex(session.gasAllowance),
  paymaster: session.paymaster,
});
