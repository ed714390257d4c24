import {
  type Address,
  concat,
  type Hex,
  isAddressEqual,
  numberToHex,
  pad,
  size,
  slice,
  zeroAddress,
} from "viem";
import {
  type Action,
  ANYONE,
  type Budget,
  type Call,
  type Rule,
  type Session,
} from "#sdk/session/Session.ts";
import { NATIVE } from "./Ledger.ts";
import { isWhole, type LeftOut, partLeftOut } from "./LeftOut.ts";
import type { Refusal } from "./Refusal.ts";
import { PERMIT2 } from "./typedData.ts";

/** Those whom a session may never call, whatever its actions say. */
export type Forbidden = { module: Address; fallbackHandler: Address | undefined };

/**
 * What a call is to a session. `amount` is in base units or wei; an action pays the native value that it carries, and is
 * refused at its turn where it goes to the account's fallback handler.
 */
export type CallReading =
  | { kind: "payment"; token: Address; to: Address; amount: bigint }
  | { kind: "approval"; token: Address; spender: Address; amount: bigint }
  | { kind: "action"; amount: bigint; toHandler: boolean }
  | { kind: "refused"; refusals: Refusal[] };

const TRANSFER = "0xa9059cbb";
const APPROVE = "0x095ea7b3";

/** A payment in a token. */
export type Payment = { token: Address; to: Address; amount: bigint };

/** What the call at `index` is to the session: the second rule of the execution rail. */
export function readCall(
  whole: Session,
  call: Call,
  index: number,
  forbidden: Forbidden,
  leftOut: LeftOut,
): CallReading {
  const session = carriedOf(whole, leftOut);
  const { target, value, data } = call;
  const refused = (...refusals: Refusal[]): CallReading => ({ kind: "refused", refusals });
  const notFound = (...refusals: Refusal[]) => refused(...unlessLeftOut(leftOut, refusals));
  const notAllowed: Refusal = {
    name: "CallNotAllowed",
    args: size(data) < 4 ? [BigInt(index), target] : [BigInt(index), target, slice(data, 0, 4)],
  };
  const noNativeBudget: Refusal = { name: "NoNativeBudget", args: [BigInt(index), value] };

  if (
    [zeroAddress, session.account, forbidden.module, PERMIT2].some((never) => isAddressEqual(target, never))
  ) {
    return refused({ name: "ForbiddenTarget", args: [BigInt(index), target] });
  }

  const native = budgetOf(session, NATIVE);
  if (size(data) === 0) {
    if (!native) return notFound(noNativeBudget, ...(value === 0n ? [notAllowed] : []));
    return mayReceive(native, target)
      ? { kind: "payment", token: NATIVE, to: target, amount: value }
      : refused({ name: "RecipientNotAllowed", args: [BigInt(index), NATIVE, target] });
  }
  const budget = budgetOf(session, target);
  if (budget) {
    const form = tokenCall(data);
    if (!form || value > 0n) return refused(notAllowed, ...(value > 0n ? [noNativeBudget] : []));
    if (!mayReceive(budget, form.party)) {
      return refused({ name: "RecipientNotAllowed", args: [BigInt(index), target, form.party] });
    }
    const { party, amount } = form;
    // An approval that signed payments use.
    if (form.selector === APPROVE && isAddressEqual(party, PERMIT2))
      return refused({ name: "ForbiddenTarget", args: [BigInt(index), party] });
    return form.selector === TRANSFER
      ? { kind: "payment", token: target, to: party, amount }
      : { kind: "approval", token: target, spender: party, amount };
  }

  const refusals: Refusal[] = [];
  if (!session.actions.some((action) => permits(action, call))) refusals.push(notAllowed);
  if (value > 0n && !native) refusals.push(noNativeBudget);
  const toHandler = !!forbidden.fallbackHandler && isAddressEqual(target, forbidden.fallbackHandler);
  return refusals.length > 0 ? notFound(...refusals) : { kind: "action", amount: value, toHandler };
}

/** The same of the one payment of a `pay`. */
export function readPay(whole: Session, { token, to, amount }: Payment, leftOut: LeftOut): CallReading {
  const refused = (...refusals: Refusal[]): CallReading => ({ kind: "refused", refusals });
  if (isAddressEqual(token, NATIVE)) return refused({ name: "ForbiddenTarget", args: [0n, token] });
  const budget = budgetOf(carriedOf(whole, leftOut), token);
  if (!budget)
    return refused(...unlessLeftOut(leftOut, [{ name: "CallNotAllowed", args: [0n, token, TRANSFER] }]));
  if (!mayReceive(budget, to)) return refused({ name: "RecipientNotAllowed", args: [0n, token, to] });
  return { kind: "payment", token, to, amount };
}

/** The call that makes the payment. */
export const transferOf = ({ token, to, amount }: Payment): Call => ({
  target: token,
  value: 0n,
  data: concat([TRANSFER, pad(to), numberToHex(amount, { size: 32 })]),
});

/** What a use can see of the session. */
const carriedOf = (session: Session, { budgets, actions }: LeftOut): Session => ({
  ...session,
  budgets: session.budgets.filter((_, index) => !budgets.includes(index)),
  actions: actions ? [] : session.actions,
});

/** Where something is left out, what is not found may be just that. */
const unlessLeftOut = (leftOut: LeftOut, refusals: Refusal[]): Refusal[] =>
  isWhole(leftOut) ? refusals : [partLeftOut(leftOut)];

/** The session's budget for the token. */
export const budgetOf = (session: Session, token: Address): Budget | undefined =>
  session.budgets.find((budget) => isAddressEqual(budget.token, token));

/** Whether the budget's money may go to `who`. */
export const mayReceive = ({ recipients }: Budget, who: Address): boolean =>
  recipients.some((recipient) => isAddressEqual(recipient, ANYONE) || isAddressEqual(recipient, who));

/** Reads `transfer(address,uint256)` or `approve(address,uint256)`: exactly 68 bytes, a clean address word. */
function tokenCall(calldata: Hex): { selector: Hex; party: Address; amount: bigint } | undefined {
  if (size(calldata) !== 68) return undefined;
  const selector = slice(calldata, 0, 4);
  if (selector !== TRANSFER && selector !== APPROVE) return undefined;
  if (BigInt(slice(calldata, 4, 16)) !== 0n) return undefined;
  return { selector, party: slice(calldata, 16, 36), amount: BigInt(slice(calldata, 36, 68)) };
}

const permits = ({ target, selector, rules }: Action, call: Call): boolean =>
  isAddressEqual(target, call.target) &&
  size(call.data) >= 4 &&
  slice(call.data, 0, 4).toLowerCase() === selector.toLowerCase() &&
  rules.every((rule) => holds(rule, call.data));

const comparisons: ((word: bigint, value: bigint) => boolean)[] = [
  (word, value) => word === value,
  (word, value) => word !== value,
  (word, value) => word < value,
  (word, value) => word <= value,
  (word, value) => word > value,
  (word, value) => word >= value,
];

function holds({ offset, op, value }: Rule, calldata: Hex): boolean {
  if (offset + 32 > size(calldata)) return false;
  return comparisons[op]?.(BigInt(slice(calldata, offset, offset + 32)), BigInt(value)) ?? false;
}
