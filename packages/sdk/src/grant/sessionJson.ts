import { readSession } from "../readSession.ts";
import type { Session } from "../Session.ts";
import type { SessionJson } from "./Grant.ts";

/**
 * The session in the form that JSON can carry: every bigint as a decimal string.
 *
 * @throws {InvalidInput} MALFORMED_SESSION
 */
export function sessionJson(given: Session): SessionJson {
  const session = readSession(given);
  return {
    account: session.account,
    key: session.key,
    validAfter: session.validAfter,
    validUntil: session.validUntil,
    epoch: session.epoch.toString(),
    salt: session.salt.toString(),
    gasAllowance: session.gasAllowance.toString(),
    paymaster: session.paymaster,
    budgets: session.budgets.map((budget) => ({
      token: budget.token,
      perTransaction: budget.perTransaction.toString(),
      perPeriod: budget.perPeriod.toString(),
      period: budget.period,
      initial: budget.initial.toString(),
      perSecond: budget.perSecond.toString(),
      signatures: budget.signatures,
      sizes: budget.sizes,
      recipients: [...budget.recipients],
    })),
    actions: session.actions.map((action) => ({
      target: action.target,
      selector: action.selector,
      rules: action.rules.map((rule) => ({ offset: rule.offset, op: rule.op, value: rule.value })),
    })),
  };
}
