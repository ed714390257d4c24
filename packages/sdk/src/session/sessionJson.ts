import type { Address } from "viem";
import { readSession } from "./readSession.ts";
import type { Action, Session } from "./Session.ts";

/** A {@link Session} that JSON can carry: every bigint as a decimal string. */
export type SessionJson = {
  account: Address;
  key: Address;
  validAfter: number;
  validUntil: number;
  epoch: string;
  salt: string;
  gasAllowance: string;
  paymaster: Address;
  budgets: readonly {
    token: Address;
    perTransaction: string;
    perPeriod: string;
    period: number;
    initial: string;
    perSecond: string;
    signatures: number;
    sizes: number;
    recipients: readonly Address[];
  }[];
  actions: readonly Action[];
};

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
