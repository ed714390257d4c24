import { type Address, isAddressEqual, zeroAddress } from "viem";
import { ANYONE, type Budget, type Session } from "../../packages/sdk/src/Session.ts";

/** What is wrong with a session, and with which of its budgets or actions; as MalformedSession reports it. */
export type SessionFlaw = { flaw: keyof typeof FLAWS; index: number };

/** The numbers that the chain gives to the flaws. */
export const FLAWS = {
  ENCODING: 0,
  PARTIES: 1,
  WINDOW: 2,
  WIDTH: 3,
  TOKEN: 4,
  LIMITS: 5,
  STREAM: 6,
  SLOTS: 7,
  RECIPIENTS: 8,
  TARGET: 9,
  OPERATOR: 10,
} as const;

const among = (address: Address, others: readonly Address[]) =>
  others.some((other) => isAddressEqual(address, other));

/** Every bound that a session breaks; none: it is well formed. */
export function flawsOf(session: Session, module: Address): SessionFlaw[] {
  const flaws: SessionFlaw[] = [];
  const require = (holds: boolean, flaw: SessionFlaw["flaw"], index = 0) => {
    if (!holds) flaws.push({ flaw, index });
  };
  const { account, key, validAfter, validUntil, budgets, actions } = session;

  require(!among(zeroAddress, [account, key]) && !isAddressEqual(account, key), "PARTIES");
  require(validUntil > validAfter && validUntil >= 2 && validUntil < 2 ** 47, "WINDOW");
  require(budgets.length <= 8 && actions.length <= 32, "ENCODING");
  require(actions.every(({ rules }) => rules.length <= 8), "ENCODING");
  // A list of recipients that is too long is a list too long, and it is too many recipients: either name will do.
  require(budgets.every(({ recipients }) => recipients.length <= 32), "ENCODING");

  budgets.forEach((budget, index) => {
    const earlier = budgets.slice(0, index).map(({ token }) => token);
    require(!among(budget.token, [account, module, ...earlier]), "TOKEN", index);
    require(limitsHold(budget), "LIMITS", index);
    require(streamHolds(budget), "STREAM", index);
    require(slotsHold(budget), "SLOTS", index);
    require(recipientsHold(budget), "RECIPIENTS", index);
  });
  actions.forEach(({ target, rules }, index) => {
    const tokens = budgets.map(({ token }) => token);
    require(!among(target, [zeroAddress, account, module, ...tokens]), "TARGET", index);
    require(rules.every(({ op }) => op <= 5), "OPERATOR", index);
  });
  return flaws;
}

const limitsHold = ({ perTransaction, perPeriod, period }: Budget) =>
  perTransaction > 0n && perPeriod >= perTransaction && period > 0;

const streamHolds = ({ initial, perSecond, signatures }: Budget) =>
  perSecond === 0n ? initial === 0n : signatures === 0;

const slotsHold = ({ token, perTransaction, signatures, sizes }: Budget) =>
  (signatures === 0 && sizes === 0) ||
  (signatures === 1 &&
    sizes >= 1 &&
    sizes <= 8 &&
    !isAddressEqual(token, zeroAddress) &&
    perTransaction >> BigInt(2 * (sizes - 1)) > 0n);

const recipientsHold = ({ recipients }: Budget) =>
  recipients.length >= 1 &&
  recipients.length <= 32 &&
  !among(zeroAddress, recipients) &&
  (recipients.length === 1 || !among(ANYONE, recipients));
