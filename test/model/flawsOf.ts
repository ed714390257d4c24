import { type Address, isAddressEqual, zeroAddress } from "viem";
import { ANYONE, type Budget, type Session } from "#sdk/session/Session.ts";
import { PERMIT2 } from "./typedData.ts";

/** What is wrong with a session, and with which of its budgets or actions; as MalformedSession reports it. */
export type SessionFlaw = { flaw: keyof typeof FLAWS; index: number };

/** The numbers that the chain gives to the flaws. */
export const FLAWS = {
  ENCODING: 0,
  PARTIES: 1,
  WINDOW: 2,
  TOKEN: 3,
  LIMITS: 4,
  STREAM: 5,
  SLOTS: 6,
  RECIPIENTS: 7,
  TARGET: 8,
  OPERATOR: 9,
} as const;

const among = (address: Address, others: readonly Address[]) =>
  others.some((other) => isAddressEqual(address, other));

/** Every bound that a session breaks; none: it is well formed. Of one that no bytes can say, nothing else is known. */
export function flawsOf(session: Session, module: Address): SessionFlaw[] {
  if (!canBeSaid(session)) return [{ flaw: "ENCODING", index: 0 }];
  const flaws: SessionFlaw[] = [];
  const require = (holds: boolean, flaw: SessionFlaw["flaw"], index = 0) => {
    if (!holds) flaws.push({ flaw, index });
  };
  const { account, key, validAfter, validUntil, budgets, actions } = session;

  require(!among(zeroAddress, [account, key]) && !isAddressEqual(account, key), "PARTIES");
  require(validUntil > validAfter && validUntil >= 2 && validUntil < 2 ** 47, "WINDOW");

  budgets.forEach((budget, index) => {
    const earlier = budgets.slice(0, index).map(({ token }) => token);
    require(!among(budget.token, [account, module, PERMIT2, ...earlier]), "TOKEN", index);
    require(limitsHold(budget), "LIMITS", index);
    require(streamHolds(budget), "STREAM", index);
    require(slotsHold(budget), "SLOTS", index);
    require(!among(zeroAddress, budget.recipients), "RECIPIENTS", index);
  });
  actions.forEach(({ target, rules }, index) => {
    const tokens = budgets.map(({ token }) => token);
    require(!among(target, [zeroAddress, account, module, PERMIT2, ...tokens]), "TARGET", index);
    require(rules.every(({ op }) => op <= 5), "OPERATOR", index);
  });
  return flaws;
}

/** Whether the packed form has bytes for it. */
const canBeSaid = ({ budgets, actions, ...session }: Session): boolean =>
  budgets.length <= 8 &&
  actions.length <= 32 &&
  fits(session.epoch, 8) &&
  fits(session.salt, 32) &&
  fits(session.gasAllowance, 16) &&
  fits(BigInt(session.paymaster), 20) &&
  budgets.every(
    ({ recipients, ...budget }) =>
      [budget.perTransaction, budget.perPeriod, budget.initial, budget.perSecond].every((n) => fits(n, 16)) &&
      fits(budget.period, 4) &&
      (budget.initial === 0n || budget.perSecond > 0n) &&
      recipients.length >= 1 &&
      recipients.length <= 32 &&
      (recipients.length === 1 || !among(ANYONE, recipients)),
  ) &&
  actions.every(({ rules }) => rules.length <= 8 && rules.every(({ value }) => fits(BigInt(value), 32)));

const fits = (number: bigint | number, bytes: number): boolean => BigInt(number) < 1n << BigInt(8 * bytes);

const limitsHold = ({ perTransaction, perPeriod, period }: Budget) =>
  perTransaction > 0n && perPeriod >= perTransaction && period > 0;

const streamHolds = ({ perSecond, signatures }: Budget) => perSecond === 0n || signatures === 0;

const slotsHold = ({ token, perTransaction, perPeriod, signatures, sizes }: Budget) =>
  (signatures === 0 && sizes === 0) ||
  ([1, 2, 4, 6].includes(signatures) &&
    sizes >= 1 &&
    sizes <= 8 &&
    !isAddressEqual(token, zeroAddress) &&
    perTransaction / BigInt(signatures === 1 ? 4 : 2) ** BigInt(sizes - 1) > 0n &&
    perPeriod < 2n ** 32n * perTransaction);
