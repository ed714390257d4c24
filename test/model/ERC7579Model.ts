import { type Address, type Hex, isAddressEqual, maxUint128, size, zeroAddress } from "viem";
import { ANYONE, type Call, type Session } from "#sdk/session/Session.ts";
import type { Ledger } from "./Ledger.ts";
import { isWhole, type LeftOut, WHOLE } from "./LeftOut.ts";
import { mayReceive } from "./readCall.ts";
import {
  ACCOUNTS_OWN,
  accepted,
  type Charge,
  type Door,
  type Grant,
  type Outcome,
  type Place,
  refused,
  SessionModel,
  type Target,
} from "./SessionModel.ts";
import { hashSession } from "./typedData.ts";

/** What the module is installed as. */
export type ModuleType = "validator" | "executor";

/** What differs from one ERC-7579 account to another, as far as the module can see it. */
export type ERC7579Place = Place & {
  /** What grants begin with: the owner's own, and those of a weaker validator. */
  grants: { good: Hex; weak: Hex };
  /** Whether the account installs what is there already, and uninstalls what is not there. */
  repeats: boolean;
  /** Whether its EntryPoint takes a userOp in the first second of the session's validity; some wait for the next. */
  beginsAtOnce: boolean;
};

/** The gas limits of a userOp in units, and most wei for each. */
export type OpGas = {
  verification: bigint;
  call: bigint;
  preVerification: bigint;
  /** Of the paymaster; 0 where there is none. */
  paymasterVerification: bigint;
  paymasterPostOp: bigint;
  fee: bigint;
};

/** Who is to pay for a userOp's gas: the account itself, a paymaster, or bytes that name none. */
export type Payer = "account" | { paymaster: Address } | "malformed";

/** A payment that the account makes itself, charged where the userOp is validated. */
export type OpPayment = {
  token: Address;
  to: Address;
  amount: bigint;
  /** The period that it is charged to, as the key says. */
  period: bigint;
};

/** A userOp of a session. */
export type SessionOp = {
  session: Session;
  leftOut: LeftOut;
  grant: Grant;
  /** What the module is to execute; nothing, where the account pays itself. */
  calls: readonly Call[];
  /** Undefined: the module executes the calls. */
  payment?: OpPayment;
  /** Whether its callData is the one accepted form. */
  canonical: boolean;
  payer: Payer;
  gas: OpGas;
  /** Whether the signature is the key's, over exactly this. */
  keySigned: boolean;
  /** Whether the EntryPoint has reasons of its own to refuse it: nobody could pay so much, or the payer is nobody. */
  hopeless: boolean;
};

/** What becomes of userOps that are handed in together: none is included, or all, and each execution has its outcome. */
export type Handling = { failures: RegExp[] } | { executions: Outcome[] };

/** ERC-4337's word for a wrong signature. */
export const NO = 1n;

/** What the EntryPoint says of each: the validator's no, the account's own revert, the window, its own rules. */
const FAILURES = {
  signature: /^AA24/,
  reverted: /^AA23/,
  window: /^AA22/,
  hopeless: /^/,
};

const MOST_GAS = 2n ** 120n - 1n;

/** The most wei that a userOp can cost. */
export const costOf = ({ fee, ...limits }: OpGas): bigint =>
  fee * Object.values(limits).reduce((sum, limit) => sum + limit, 0n);

/** The reference for ERC-7579 accounts: what the design adds for them. */
export class ERC7579Model extends SessionModel {
  /** What a grant must begin with; 0x: no signature grants. */
  granter: Hex = "0x";
  readonly installed = new Set<ModuleType>();
  readonly #place: ERC7579Place;
  #installations = 0;
  #gasSpent = new Map<Hex, bigint>();

  constructor(place: ERC7579Place, ledger: Ledger, targets: ReadonlyMap<string, Target>) {
    super(place, ledger, targets);
    this.#place = place;
  }

  /* INSTALLATION */

  /**
   * By the account itself, all or none. Which of the types brings the granter, and which the sessions, is all one.
   * @param revoked A session that the account revokes before.
   * @param leftOutOf What is left out of each session; by default nothing.
   */
  install(
    types: readonly ModuleType[],
    granter: Hex,
    sessions: readonly Session[],
    { revoked, leftOutOf }: { revoked?: Hex | undefined; leftOutOf?: (session: Session) => LeftOut } = {},
  ): Outcome {
    const { account, repeats } = this.#place;
    const before = this.copyStates();
    if (revoked) this.revoke(revoked);
    // Whether a session is over is not asked here: an account may install where nobody may look at the clock.
    const refusals = sessions.flatMap((session) =>
      this.enablingRefusals(account, session, leftOutOf?.(session) ?? WHOLE),
    );
    if (!repeats && types.some((type) => this.installed.has(type))) refusals.push({ name: ACCOUNTS_OWN });
    if (size(granter) > 23) refusals.push({ name: "GranterTooLong", args: [BigInt(size(granter))] });
    if (refusals.length > 0) {
      this.becomeStates(before);
      return refused(refusals);
    }
    for (const type of types) this.installed.add(type);
    this.#installations += types.length;
    if (granter !== "0x") this.granter = granter;
    for (const session of sessions) this.setState(hashSession(session), "ENABLED");
    return accepted();
  }

  /** Whether the account would uninstall these types. */
  mayUninstall(types: readonly ModuleType[]): boolean {
    return this.#place.repeats || types.every((type) => this.installed.has(type));
  }

  /** By the account itself, all or none. The new epoch is a hash nobody knows before: take it from the chain. */
  uninstall(types: readonly ModuleType[], newEpoch: bigint): Outcome {
    if (!this.mayUninstall(types)) return refused([{ name: ACCOUNTS_OWN }]);
    for (const type of types) this.installed.delete(type);
    this.#installations = Math.max(0, this.#installations - types.length);
    this.granter = "0x";
    return this.revokeAll(newEpoch);
  }

  get isInitialized(): boolean {
    return this.#installations > 0;
  }

  /* ERC-4337 */

  /** Wei of gas that the session's userOps may have cost so far. */
  gasSpentBy(id: Hex): bigint {
    return this.#gasSpent.get(id) ?? 0n;
  }

  /** What the module answers when the account asks it about the userOp: its window, or no. */
  validationOf(op: SessionOp): bigint {
    if (this.brokenBy(op).length > 0) return NO;
    const { first, last } = windowOf(op);
    return (first << 208n) | (last << 160n);
  }

  /** The rules of validation that the userOp breaks; none: it is the account's word. */
  brokenBy(op: SessionOp): string[] {
    const { session, leftOut, grant, canonical, payer, gas, keySigned } = op;
    const id = hashSession(session);
    const state = this.stateOf(id);
    const isCounted = session.gasAllowance !== maxUint128;
    const rules = {
      "the form": canonical,
      "the key's signature": keySigned,
      "the account": isAddressEqual(session.account, this.place.account),
      "the epoch": session.epoch === this.epoch,
      "the paymaster": mayPay(session, payer),
      "gas within bounds": Object.values(gas).every((number) => number <= MOST_GAS),
      "gas within the allowance": !isCounted || this.gasSpentBy(id) + costOf(gas) <= session.gasAllowance,
      "not revoked": state !== "REVOKED",
      "not paused": !this.isPaused(id),
      "enabled or granted": state !== "UNKNOWN" || this.grantRefusals(session, grant, WHOLE).length === 0,
      "enabled or whole": state !== "UNKNOWN" || isWhole(leftOut),
      ...(op.payment ? this.#paymentRules(op, op.payment) : {}),
    };
    return Object.entries(rules).flatMap(([rule, holds]) => (holds ? [] : [rule]));
  }

  /** What is asked of a payment in validation, where nobody may look at the clock. */
  #paymentRules(op: SessionOp, { token, to, amount, period }: OpPayment): Record<string, boolean> {
    const { session, leftOut } = op;
    const index = session.budgets.findIndex((one) => isAddressEqual(one.token, token));
    const budget = session.budgets[index];
    if (!budget || isAddressEqual(token, zeroAddress)) return { "a token with a budget": false };
    if (leftOut.budgets.includes(index)) return { "the budget itself": false };
    const { first, last } = windowOf(op);
    const spent = this.spentIn(hashSession(session), token, period);
    return {
      "nothing but userOps and executions spending it": budget.signatures === 0,
      "all there at once": budget.perSecond === 0n,
      "the recipient": mayReceive(budget, to),
      perTransaction: amount <= budget.perTransaction,
      perPeriod: spent + amount <= budget.perPeriod,
      // To an EntryPoint a last second of 0 means no limit.
      "a period of the session": first <= last && last > 0n,
    };
  }

  /**
   * Somebody hands userOps to the EntryPoint. All are validated before any is executed. An execution that fails undoes
   * itself, and not what its validation did.
   */
  handle(ops: readonly SessionOp[]): Handling {
    const before = {
      gasSpent: new Map(this.#gasSpent),
      states: this.copyStates(),
      spending: this.copySpending(),
    };
    const failures = ops.flatMap((op) => {
      const ownFailures = this.#failuresOf(op);
      if (ownFailures.length === 0) this.#validated(op);
      return ownFailures;
    });
    if (failures.length > 0) {
      this.#gasSpent = before.gasSpent;
      this.becomeStates(before.states);
      this.becomeSpending(before.spending);
      return { failures };
    }
    const door: Door = { kind: "execute", sender: this.place.account };
    return {
      executions: ops.map(({ session, grant, calls, payment, leftOut }) =>
        payment ? this.#payItself(payment) : this.execute(session, grant, calls, door, leftOut),
      ),
    };
  }

  /** By the account itself, which was charged already: a transfer that fails stays charged. */
  #payItself({ token, to, amount, period }: OpPayment): Outcome {
    const charges = amount > 0n ? [{ token, period, amount }] : [];
    if (this.ledger.move(token, this.place.account, to, amount)) return accepted(charges);
    return { refusals: [{ name: ACCOUNTS_OWN }], charges };
  }

  #failuresOf(op: SessionOp): RegExp[] {
    const failures: RegExp[] = [];
    if (op.hopeless) failures.push(FAILURES.hopeless);
    if (!this.asks()) failures.push(FAILURES.reverted, FAILURES.signature);
    if (this.validationOf(op) === NO) {
      failures.push(FAILURES.signature);
      // Some accounts look at the form themselves.
      if (!op.canonical) failures.push(FAILURES.reverted);
      return failures;
    }
    const { first, last } = windowOf(op);
    const begins = first + (this.#place.beginsAtOnce ? 0n : 1n);
    if (this.now < begins || this.now > last) failures.push(FAILURES.window);
    return failures;
  }

  #validated({ session, gas, payment }: SessionOp): void {
    const id = hashSession(session);
    if (payment && payment.amount > 0n) {
      const { token, period, amount } = payment;
      this.setSpent(id, token, period, this.spentIn(id, token, period) + amount);
    }
    this.setState(id, "ENABLED");
    if (session.gasAllowance !== maxUint128) this.#gasSpent.set(id, this.gasSpentBy(id) + costOf(gas));
  }

  /* HOW AN ERC-7579 ACCOUNT DOES IT */

  /** A signature chooses its own validator: only what begins as the owner named it counts. */
  protected override isGranted(grant: Grant): boolean {
    if (grant !== "good" && grant !== "weak") return false;
    const begins = this.#place.grants[grant].toLowerCase().startsWith(this.granter.toLowerCase());
    return this.granter !== "0x" && begins;
  }

  protected override speaksForItself(
    { sender, oddly }: Extract<Door, { kind: "execute" }>,
    calls: readonly Call[],
  ): boolean {
    return isAddressEqual(sender, this.place.account) && calls.length > 0 && !oddly;
  }

  override executes(): boolean {
    return this.installed.has("executor");
  }

  override asks(): boolean {
    return this.installed.has("validator");
  }
}

/** The first and the last second in which the EntryPoint may include it: of the period that is charged, or of all. */
function windowOf({ session, payment }: SessionOp): { first: bigint; last: bigint } {
  const [validAfter, validUntil] = [BigInt(session.validAfter), BigInt(session.validUntil)];
  const budget = payment && session.budgets.find(({ token }) => isAddressEqual(token, payment.token));
  if (!payment || !budget) return { first: validAfter, last: validUntil - 1n };
  const first = validAfter + payment.period * BigInt(budget.period);
  const end = first + BigInt(budget.period);
  return { first, last: (end < validUntil ? end : validUntil) - 1n };
}

function mayPay({ paymaster }: Session, payer: Payer): boolean {
  if (payer === "account") return true;
  if (payer === "malformed" || isAddressEqual(payer.paymaster, zeroAddress)) return false;
  return isAddressEqual(paymaster, ANYONE) || isAddressEqual(paymaster, payer.paymaster);
}

/** What several executions charged, in their order. */
export const chargesOf = (executions: readonly Outcome[]): Charge[] =>
  executions.flatMap(({ charges }) => charges);
