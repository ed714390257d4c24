import { type Address, isAddressEqual, zeroAddress } from "viem";
import { paymentMethods } from "../session/paymentMethods.ts";
import { readSession } from "../session/readSession.ts";
import { type Action, ANYONE, type Budget, type Session } from "../session/Session.ts";

/** One way in which a session is wider than another. */
export type SessionExcess = {
  /** Path in the granted session, for example `budgets[0].perPeriod`; for a missing budget, `budgets`. */
  path: string;
  /** One sentence. */
  reason: string;
};

/**
 * Compares what was granted with what was requested: where it is wider. The same rule limits what an owner may change
 * before granting: lower, never raise.
 *
 * - Same account, same key; it does not start earlier or end later.
 * - Budgets only for the same tokens, with no higher amounts, only requested recipients, and no more ways to pay by
 *   signature. The
 *   period stays as long as it was: a shorter one allows more. Or it is one period for the whole session. A stream
 *   stays a stream, as `perSecond: 0` does not mean that nothing flows.
 * - Actions are among those requested, each exactly as it was. If one stays, every budget stays: what an action moves
 *   of a token is counted only if the token has a budget. To let none of it move, lower the budget to one base unit.
 * - No more gas, and the requested paymaster or none.
 *
 * The epoch and the salt are not compared: neither widens a session, and only the chain knows the epoch.
 *
 * @returns Where it is wider; empty if it is within.
 * @throws {InvalidInput} MALFORMED_SESSION
 */
export function sessionExcess(granted: Session, requested: Session): SessionExcess[] {
  for (const session of [granted, requested]) readSession(session);
  const found: SessionExcess[] = [];
  const expect = (holds: boolean, path: string, reason: string) => {
    if (!holds) found.push({ path, reason });
  };
  expect(isAddressEqual(granted.account, requested.account), "account", "It is for another account.");
  expect(isAddressEqual(granted.key, requested.key), "key", "It is for another key.");
  expect(granted.validAfter >= requested.validAfter, "validAfter", "It starts earlier than requested.");
  expect(granted.validUntil <= requested.validUntil, "validUntil", "It lasts longer than requested.");
  expect(
    granted.gasAllowance <= requested.gasAllowance,
    "gasAllowance",
    "It allows more gas than requested.",
  );
  expect(
    isAddressEqual(granted.paymaster, requested.paymaster) ||
      isAddressEqual(granted.paymaster, zeroAddress) ||
      isAddressEqual(requested.paymaster, ANYONE),
    "paymaster",
    "It allows another paymaster than requested.",
  );
  for (const [index, budget] of granted.budgets.entries()) {
    const asked = requested.budgets.find(({ token }) => isAddressEqual(token, budget.token));
    const path = `budgets[${index}]`;
    if (!asked) expect(false, path, "This token was not requested.");
    else
      for (const excess of budgetExcess(budget, asked, granted.validUntil - granted.validAfter))
        expect(false, `${path}.${excess.path}`, excess.reason);
    expect(
      !granted.budgets.slice(0, index).some(({ token }) => isAddressEqual(token, budget.token)),
      path,
      "The token has two budgets.",
    );
  }
  for (const [index, action] of granted.actions.entries())
    expect(
      requested.actions.some((asked) => isSameAction(action, asked)),
      `actions[${index}]`,
      "This call was not requested.",
    );
  if (granted.actions.length > 0)
    expect(
      requested.budgets.every(({ token }) =>
        granted.budgets.some((kept) => isAddressEqual(kept.token, token)),
      ),
      "budgets",
      "A token lost its budget while calls are allowed, so what they move of it would not be counted.",
    );
  return found;
}

/** @param span Of the granted session, in seconds. */
function* budgetExcess(granted: Budget, requested: Budget, span: number): Generator<SessionExcess> {
  for (const name of ["perTransaction", "perPeriod", "initial", "perSecond"] as const)
    if (granted[name] > requested[name]) yield { path: name, reason: "The amount is higher than requested." };
  const isStream = requested.perSecond > 0n;
  if (isStream && granted.perSecond === 0n)
    yield {
      path: "perSecond",
      reason: "The whole amount is available at once, not as a stream as requested.",
    };
  const isOnePeriod = granted.period >= span && (!isStream || requested.period >= span);
  if (granted.period !== requested.period && !isOnePeriod)
    yield { path: "period", reason: "The period is not the requested one." };
  const asked = paymentMethods(requested);
  if (!paymentMethods(granted).every((method) => asked.includes(method)))
    yield { path: "signatures", reason: "It allows payments by signature that were not requested." };
  else if (granted.sizes > requested.sizes)
    yield {
      path: "sizes",
      reason: "It divides the budget into more sizes of signed payments than requested.",
    };
  const includes = (recipients: readonly Address[], one: Address) =>
    recipients.some((other) => isAddressEqual(other, one));
  if (
    !includes(requested.recipients, ANYONE) &&
    !granted.recipients.every((recipient) => includes(requested.recipients, recipient))
  )
    yield { path: "recipients", reason: "It may pay a recipient that was not requested." };
}

const isSameAction = (granted: Action, requested: Action): boolean =>
  isAddressEqual(granted.target, requested.target) &&
  granted.selector.toLowerCase() === requested.selector.toLowerCase() &&
  granted.rules.length === requested.rules.length &&
  granted.rules.every((rule, index) => {
    const asked = requested.rules[index];
    return (
      asked !== undefined &&
      rule.offset === asked.offset &&
      rule.op === asked.op &&
      rule.value.toLowerCase() === asked.value.toLowerCase()
    );
  });
