import type { Session } from "../Session.ts";
import type { SessionCarrier } from "./SessionCarrier.ts";

/** The session of a grant (or of a proposal) as the chain knows it, amounts as bigints. */
export function grantSession(grant: Pick<SessionCarrier, "session">): Session {
  const { session } = grant;
  return {
    account: session.account,
    key: session.key,
    validAfter: session.validAfter,
    validUntil: session.validUntil,
    epoch: BigInt(session.epoch),
    salt: BigInt(session.salt),
    gasAllowance: BigInt(session.gasAllowance),
    paymaster: session.paymaster,
    budgets: session.budgets.map((budget) => ({
      token: budget.token,
      perTransaction: BigInt(budget.perTransaction),
      perPeriod: BigInt(budget.perPeriod),
      period: budget.period,
      initial: BigInt(budget.initial),
      perSecond: BigInt(budget.perSecond),
      slotSizes: budget.slotSizes,
      recipients: budget.recipients,
    })),
    actions: session.actions,
  };
}
