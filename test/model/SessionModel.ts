import { type Address, type Hex, isAddressEqual, maxUint256, size, zeroAddress } from "viem";
import { ANYONE, type Budget, type Call, type Session } from "#sdk/session/Session.ts";
import { FLAWS, flawsOf } from "./flawsOf.ts";
import { type Ledger, NATIVE } from "./Ledger.ts";
import { isWhole, type LeftOut, partLeftOut, WHOLE } from "./LeftOut.ts";
import { reachedLots, sizesOf } from "./LotRule.ts";
import { bitOf, isGoodNode, type Node, type NodeState, reachesUsedLot } from "./NodeRule.ts";
import type { Refusal } from "./Refusal.ts";
import { type CallReading, mayReceive, type Payment, readCall, readPay, transferOf } from "./readCall.ts";
import { brokenByAuthorization, brokenByCharge, type Slot, type SlotBudget } from "./SlotRule.ts";
import { hashSession, nodeNonce, PERMIT2, slotNonce } from "./typedData.ts";

/** The account, the module that it trusts, and the contract that answers the calls that the account has no function for. */
export type Place = { account: Address; module: Address; fallbackHandler: Address | undefined };

/** What a contract does when the account calls it, other than a token's payments. False: it reverts. */
export type Target = (ledger: Ledger, call: Call) => boolean;

/**
 * What a use carries as the owner's word: nothing, the owner's signature, one that the account refuses, or one that it
 * accepts by the word of a weaker validator than the owner's.
 */
export type Grant = "none" | "good" | "bad" | "weak";

/** How an execution comes in: from a sender, or by anybody on the word of the key. */
export type Door =
  | {
      kind: "execute";
      sender: Address;
      /** Whether something stands behind the arguments. */
      oddly?: boolean;
    }
  | {
      /** By ERC-7710, with a context that only the key may redeem. */
      kind: "redeem";
      sender: Address;
    }
  | {
      /** Submitted by itself, or redeemed by ERC-7710. */
      kind: "executeSigned";
      sender: Address;
      caller: Address;
      nonce: bigint;
      deadline: number;
      /** Whether the signature is the key's, over exactly this. */
      keySigned: boolean;
    };

/** One amount that an execution charged, as the event Spent reports it. */
export type Charge = { token: Address; period: bigint; amount: bigint };

/** What became of a step: nothing refused it, or any of these refusals may be given. */
export type Outcome = { refusals: Refusal[]; charges: Charge[] };

/** What every payment that the key signs has. */
type SignedPayment = {
  session: Session;
  budgetIndex: number;
  /** The period that the nonce is made for. */
  period: bigint;
  to: Address;
  value: bigint;
  validAfter: bigint;
  validBefore: bigint;
  /** Whether the signature is the key's, over exactly this. */
  keySigned: boolean;
  /** Whether the payload relies on the state ENABLED, or brings a grant. */
  carries: "nothing" | Grant;
  leftOut: LeftOut;
};

/** A payment that the key signs for a token to settle. */
export type Authorization = SignedPayment & { method: "eip3009"; slot: Slot };

/** A payment that the key signs for one of x402's spenders, which has Permit2 move the money. */
export type Permit2Payment = SignedPayment & {
  method: "exact" | "upto";
  node: Node;
  /** Who may settle, by upto. */
  facilitator: Address;
};

/** What becomes of a signed payment: it settles, or the token, Permit2 or the spender says one of these. */
export type Settlement =
  | "settled"
  | "not yet valid"
  | "expired"
  | "used"
  | "invalid signature"
  | "no money"
  | "not the facilitator"
  | "no amount"
  | "over the amount";

/** Where a budget stands, as `budgetOf` says it. */
export type Meter = { period: bigint; released: bigint; spent: bigint; resetsAt: bigint };

type Spending = { period: bigint; spent: bigint };

/** The name of refusals for which an account has errors of its own. */
export const ACCOUNTS_OWN = "the account's own";

export const accepted = (charges: Charge[] = []): Outcome => ({ refusals: [], charges });
export const refused = (refusals: Refusal[]): Outcome => ({ refusals, charges: [] });

/**
 * The reference: what the design says about the sessions of one account, without a thought for gas.
 * Each method is one thing that can happen; it changes the model only if the design says that it goes through.
 * `now` is the second in which it happens; the caller sets it.
 */
export class SessionModel {
  now = 0n;
  epoch = 0n;
  readonly place: Place;
  readonly ledger: Ledger;
  readonly targets: ReadonlyMap<string, Target>;
  #states = new Map<Hex, "ENABLED" | "REVOKED">();
  readonly #paused = new Set<string>();
  #spending = new Map<string, Spending>();
  #usedNonces = new Set<string>();

  /**
   * @param targets The contracts that a call may reach, by their addresses in lower case, and what they do. All other
   * addresses have no code: they take ether.
   */
  constructor(place: Place, ledger: Ledger, targets: ReadonlyMap<string, Target>) {
    this.place = place;
    this.ledger = ledger;
    this.targets = targets;
  }

  /* LIFE */

  stateOf(id: Hex): "UNKNOWN" | "ENABLED" | "REVOKED" {
    return this.#states.get(id) ?? "UNKNOWN";
  }

  /** What is stored of every session's state, to go back to. */
  protected copyStates(): ReadonlyMap<Hex, "ENABLED" | "REVOKED"> {
    return new Map(this.#states);
  }

  protected becomeStates(states: ReadonlyMap<Hex, "ENABLED" | "REVOKED">): void {
    this.#states = new Map(states);
  }

  protected setState(id: Hex, state: "ENABLED" | "REVOKED"): void {
    this.#states.set(id, state);
  }

  /** Whether the account has paused the session. */
  isPaused(id: Hex): boolean {
    return this.#paused.has(pauseOf(this.place.account, id));
  }

  nonceUsed(id: Hex, nonce: bigint): boolean {
    return this.#usedNonces.has(`${id}/${nonce}`);
  }

  enable(sender: Address, session: Session, leftOut = WHOLE): Outcome {
    const id = hashSession(session);
    const refusals = this.enablingRefusals(sender, session, leftOut);
    if (this.now >= BigInt(session.validUntil))
      refusals.push({ name: "Expired", args: [session.validUntil] });
    if (refusals.length > 0) return refused(refusals);
    this.setState(id, "ENABLED");
    return accepted();
  }

  /** Why the account may not enable the session, whatever the time. */
  protected enablingRefusals(sender: Address, session: Session, leftOut: LeftOut): Refusal[] {
    const id = hashSession(session);
    const refusals = isWhole(leftOut) ? this.#flaws(session) : [partLeftOut(leftOut)];
    if (!isAddressEqual(sender, session.account)) {
      refusals.push({ name: "NotAccount", args: [sender, session.account] });
    }
    if (session.epoch !== this.epoch)
      refusals.push({ name: "WrongEpoch", args: [session.epoch, this.epoch] });
    if (this.stateOf(id) === "REVOKED") refusals.push({ name: "SessionIsRevoked", args: [id] });
    return refusals;
  }

  /** By the account itself. */
  revoke(id: Hex): Outcome {
    this.setState(id, "REVOKED");
    return accepted();
  }

  /**
   * By anybody, of whose sessions it is: nobody pauses those of another.
   * @returns Whether anything changed, which is an event.
   */
  setPaused(sender: Address, id: Hex, paused: boolean): boolean {
    const pause = pauseOf(sender, id);
    if (this.#paused.has(pause) === paused) return false;
    if (paused) this.#paused.add(pause);
    else this.#paused.delete(pause);
    return true;
  }

  /** Whatever is left out. */
  renounce(sender: Address, session: Session): Outcome {
    if (!isAddressEqual(sender, session.key)) {
      return refused([{ name: "NotKey", args: [sender, session.key] }]);
    }
    this.setState(hashSession(session), "REVOKED");
    return accepted();
  }

  /** By the account itself. The new epoch is a hash nobody knows before: take it from the chain. */
  revokeAll(newEpoch: bigint): Outcome {
    this.epoch = newEpoch;
    return accepted();
  }

  /* THE EXECUTION RAIL */

  execute(
    session: Session,
    grant: Grant,
    calls: readonly Call[],
    door: Door,
    leftOut: LeftOut = WHOLE,
  ): Outcome {
    const id = hashSession(session);
    const readings = calls.map((call, index) => readCall(session, call, index, this.place, leftOut));
    const refusals = [
      ...this.#doorRefusals(session, id, door, calls),
      ...this.#sessionRefusals(session, id, grant, leftOut),
      ...readings.flatMap((reading) => (reading.kind === "refused" ? reading.refusals : [])),
      ...(calls.length === 0 ? [{ name: "EmptyBatch" }] : []),
    ];
    if (refusals.length > 0) return refused(refusals);
    const isPlain = calls.every((call, index) => this.#isPlain(call, readings[index] as CallReading));
    // Any call may move the token of any budget.
    if (!isPlain && leftOut.budgets.length > 0) return refused([partLeftOut(leftOut)]);

    const outcome = this.#carryOut(id, () =>
      isPlain
        ? this.#payThenCall(session, id, calls, readings)
        : this.#callThenCharge(session, id, calls, readings),
    );
    if (outcome.refusals.length === 0 && door.kind === "executeSigned") {
      this.#usedNonces.add(`${id}/${door.nonce}`);
    }
    return outcome;
  }

  /** One payment, by the key alone. */
  pay(session: Session, grant: Grant, payment: Payment, sender: Address, leftOut: LeftOut = WHOLE): Outcome {
    const id = hashSession(session);
    const reading = readPay(session, payment, leftOut);
    const refusals = this.#sessionRefusals(session, id, grant, leftOut);
    if (!isAddressEqual(sender, session.key)) {
      refusals.push({ name: "NotKey", args: [sender, session.key] });
    }
    if (reading.kind === "refused") refusals.push(...reading.refusals);
    if (refusals.length > 0) return refused(refusals);
    return this.#carryOut(id, () => this.#payThenCall(session, id, [transferOf(payment)], [reading]));
  }

  /** All or nothing. What goes through is charged, and enables the session. */
  #carryOut(id: Hex, execution: () => Outcome): Outcome {
    const before = this.ledger.copy();
    const outcome = execution();
    if (outcome.refusals.length > 0) {
      this.ledger.become(before);
      return refused(outcome.refusals);
    }
    for (const { token, period, amount } of outcome.charges) {
      const spending = this.#spendingOf(id, token, period);
      this.setSpent(id, token, period, spending + amount);
    }
    this.setState(id, "ENABLED");
    return outcome;
  }

  #doorRefusals(session: Session, id: Hex, door: Door, calls: readonly Call[]): Refusal[] {
    if (door.kind === "execute") {
      return isAddressEqual(door.sender, session.key) || this.speaksForItself(door, calls)
        ? []
        : [{ name: "NotKey", args: [door.sender, session.key] }];
    }
    if (door.kind === "redeem")
      return isAddressEqual(door.sender, session.key)
        ? []
        : [{ name: "NotKey", args: [door.sender, session.key] }];
    const { sender, caller, nonce, deadline, keySigned } = door;
    const refusals: Refusal[] = [];
    if (!isAddressEqual(caller, ANYONE) && !isAddressEqual(caller, sender)) {
      refusals.push({ name: "CallerNotAllowed", args: [sender, caller] });
    }
    if (this.now > BigInt(deadline)) refusals.push({ name: "DeadlinePassed", args: [deadline] });
    if (this.nonceUsed(id, nonce)) refusals.push({ name: "NonceAlreadyUsed", args: [nonce] });
    if (!keySigned) refusals.push({ name: "InvalidKeySignature" });
    return refusals;
  }

  /** Window, epoch, pause, state or grant; the shape, where the use rests on a grant. */
  #sessionRefusals(session: Session, id: Hex, grant: Grant, leftOut: LeftOut): Refusal[] {
    const refusals: Refusal[] = [];
    if (this.now < BigInt(session.validAfter)) {
      refusals.push({ name: "NotYetValid", args: [session.validAfter] });
    }
    if (this.now >= BigInt(session.validUntil))
      refusals.push({ name: "Expired", args: [session.validUntil] });
    if (session.epoch !== this.epoch)
      refusals.push({ name: "WrongEpoch", args: [session.epoch, this.epoch] });
    const state = this.stateOf(id);
    // A pause ends, so it is not what a revoked session is refused for; and no grant is looked at while it lasts.
    if (state === "REVOKED") refusals.push({ name: "SessionIsRevoked", args: [id] });
    else if (this.isPaused(id)) refusals.push({ name: "SessionIsPaused", args: [id] });
    else if (state === "UNKNOWN") refusals.push(...this.grantRefusals(session, grant, leftOut));
    return refusals;
  }

  /** Why the session may not rest on the grant. */
  protected grantRefusals(session: Session, grant: Grant, leftOut: LeftOut): Refusal[] {
    const refusals: Refusal[] = [];
    if (!this.isGranted(grant)) refusals.push({ name: "NotGranted", args: [hashSession(session)] });
    if (grant !== "none")
      refusals.push(...(isWhole(leftOut) ? this.#flaws(session) : [partLeftOut(leftOut)]));
    return refusals;
  }

  #flaws(session: Session): Refusal[] {
    return flawsOf(session, this.place.module).map(({ flaw, index }) => ({
      name: "MalformedSession",
      args: [FLAWS[flaw], BigInt(index)],
    }));
  }

  /** Whether the call is a payment and nothing else. A contract that is sent native coin may pull by an old approval. */
  #isPlain({ target, data }: Call, { kind }: CallReading): boolean {
    const isCalled = size(data) === 0 && this.targets.has(target.toLowerCase());
    return kind === "payment" && !isCalled;
  }

  /** Plain payments only: their sums are charged before the calls run. */
  #payThenCall(session: Session, id: Hex, calls: readonly Call[], readings: CallReading[]): Outcome {
    const totals = session.budgets.map(({ token }) =>
      readings.reduce((sum, reading) => sum + paidBy(reading, token), 0n),
    );
    const outcome = this.#charge(session, id, totals);
    if (outcome.refusals.length > 0) return outcome;
    for (const [index, call] of calls.entries()) {
      if (!this.#perform(call, readings[index] as CallReading)) return refused([callFailed(index)]);
    }
    return outcome;
  }

  /** Anything more: what each call cost is seen by its effect, and charged afterwards. */
  #callThenCharge(session: Session, id: Hex, calls: readonly Call[], readings: CallReading[]): Outcome {
    const { account } = this.place;
    const totals = session.budgets.map(() => 0n);
    for (const [index, call] of calls.entries()) {
      const reading = readings[index] as CallReading;
      if (reading.kind === "action" && reading.toHandler) {
        return refused([{ name: "ForbiddenTarget", args: [BigInt(index), call.target] }]);
      }
      const before = session.budgets.map(({ token }) => this.ledger.balance(token, account));
      if (!this.#perform(call, reading)) return refused([callFailed(index)]);
      session.budgets.forEach(({ token }, place) => {
        const fall = (before[place] ?? 0n) - this.ledger.balance(token, account);
        const paid = paidBy(reading, token);
        totals[place] = (totals[place] ?? 0n) + (fall > paid ? fall : paid);
      });
    }
    const outcome = this.#charge(session, id, totals);
    for (const reading of readings) {
      if (reading.kind !== "approval") continue;
      const { token, spender } = reading;
      const left = this.ledger.allowance(token, account, spender);
      if (left > 0n) outcome.refusals.push({ name: "AllowanceLeft", args: [token, spender, left] });
    }
    return outcome;
  }

  /** Does to the ledger what the call does on the chain. False: it fails. */
  #perform(call: Call, reading: CallReading): boolean {
    const { account } = this.place;
    if (!this.executes()) return false;
    if (reading.kind === "payment" && size(call.data) > 0) {
      if (isAddressEqual(reading.to, zeroAddress)) return false;
      return this.ledger.move(reading.token, account, reading.to, reading.amount);
    }
    if (reading.kind === "approval") {
      if (isAddressEqual(reading.spender, zeroAddress)) return false;
      this.ledger.setAllowance(reading.token, account, reading.spender, reading.amount);
      return true;
    }
    const target = this.targets.get(call.target.toLowerCase());
    return (
      this.ledger.move(NATIVE, account, call.target, call.value) && (target?.(this.ledger, call) ?? true)
    );
  }

  #charge(session: Session, id: Hex, totals: readonly bigint[]): Outcome {
    const outcome = accepted();
    session.budgets.forEach((budget, index) => {
      const amount = totals[index] ?? 0n;
      // Zero is not charged: the budget stays in the period that it was last charged in.
      if (amount === 0n) return;
      const { token, perTransaction } = budget;
      const { period, released, spent, resetsAt } = this.budgetOf(session, index);
      if (amount > perTransaction) {
        outcome.refusals.push({ name: "PerTransactionExceeded", args: [token, amount, perTransaction] });
      }
      if (spent + amount > released) {
        const remaining = released > spent ? released - spent : 0n;
        outcome.refusals.push({ name: "PeriodExceeded", args: [token, amount, remaining, resetsAt] });
      }
      if (budget.signatures > 0) {
        for (const lot of this.#usedLots(session, id, index, { period, spent, amount }))
          outcome.refusals.push({ name: "LotOpened", args: [token, lot] });
      }
      outcome.charges.push({ token, period, amount });
    });
    return outcome;
  }

  /** The lots that a charge reaches newly, and that signed payments have used a part of. */
  #usedLots(
    session: Session,
    id: Hex,
    index: number,
    { period, spent, amount }: { period: bigint; spent: bigint; amount: bigint },
  ): bigint[] {
    const budget = session.budgets[index] as Budget;
    const slots = slotBudgetOf(budget);
    if (budget.signatures > 1) {
      const state = this.#nodeStateOf(session, index, period);
      const { series, wordOf } = state;
      return reachesUsedLot(state, amount)
        ? reachedLots(slots, spent, amount).filter((lot) => wordOf(series, lot) !== 0n)
        : [];
    }
    const opened = (lot: bigint, size: number) => this.#opened(session, id, index, period, lot, size);
    return brokenByCharge({ budget: slots, amount, spent, opened }).includes("reachesUntouchedLots")
      ? reachedLots(slots, spent, amount).filter((lot) => sizesOf(slots).some((size) => opened(lot, size)))
      : [];
  }

  #opened(
    session: Session,
    id: Hex,
    budgetIndex: number,
    period: bigint,
    lot: bigint,
    size: number,
  ): boolean {
    const nonce = slotNonce(id, budgetIndex, period, { lot, size, index: 0n });
    return this.ledger.nonceUsed((session.budgets[budgetIndex] as Budget).token, this.place.account, nonce);
  }

  /** What the node rule is told of a budget, as everything stands now. */
  #nodeStateOf(session: Session, index: number, period: bigint): NodeState {
    const { perTransaction, perPeriod, sizes, token } = session.budgets[index] as Budget;
    const id = hashSession(session);
    const { account } = this.place;
    return {
      // A word has bits for eight depths.
      budget: { perTransaction, perPeriod, sizes, depths: 8 },
      series: { session: BigInt(id), period },
      spentIn: (series) => this.#spendingOf(id, token, series.period),
      wordOf: (series, lot) => this.ledger.permit2Word(account, wordOf(id, index, series.period, lot)),
    };
  }

  #spendingOf(id: Hex, token: Address, period: bigint): bigint {
    const spending = this.#spending.get(`${id}/${token}`);
    if (!spending || spending.period < period) return 0n;
    // Of a later period: the earlier one is closed, or it could be spent again.
    return spending.period === period ? spending.spent : maxUint256;
  }

  /** What was spent in the period, of which it need not be the time; the largest number where a later one was charged. */
  protected spentIn(id: Hex, token: Address, period: bigint): bigint {
    return this.#spendingOf(id, token, period);
  }

  protected setSpent(id: Hex, token: Address, period: bigint, spent: bigint): void {
    this.#spending.set(`${id}/${token}`, { period, spent });
  }

  /** What every session has spent, to go back to. */
  protected copySpending(): ReadonlyMap<string, Spending> {
    return new Map(this.#spending);
  }

  protected becomeSpending(spending: ReadonlyMap<string, Spending>): void {
    this.#spending = new Map(spending);
  }

  /* THE SIGNATURE RAIL */

  /** Somebody hands the authorization to its token, on chain, now. */
  settle(authorization: Authorization): Settlement {
    const { session, budgetIndex, to, value } = authorization;
    const { account } = this.place;
    const budget = session.budgets[budgetIndex] as Budget;
    const nonce = slotNonce(hashSession(session), budgetIndex, authorization.period, authorization.slot);
    if (this.now <= authorization.validAfter) return "not yet valid";
    if (this.now >= authorization.validBefore) return "expired";
    if (this.ledger.nonceUsed(budget.token, account, nonce)) return "used";
    if (!this.asks() || !this.says(authorization)) return "invalid signature";
    if (!this.ledger.move(budget.token, account, to, value)) return "no money";
    this.ledger.useNonce(budget.token, account, nonce);
    return "settled";
  }

  /**
   * Somebody has x402's spender settle the payment, on chain, now.
   *
   * @param amount What is to be moved; by exact always what was signed.
   */
  settleByPermit2(payment: Permit2Payment, sender: Address, amount: bigint): Settlement {
    const { session, budgetIndex, method, node, to, value, facilitator } = payment;
    const { account } = this.place;
    const { token } = session.budgets[budgetIndex] as Budget;
    const word = wordOf(hashSession(session), budgetIndex, payment.period, node.lot);
    const bit = 1n << (bitOf(node) & 255n);
    if (method === "upto" && !isAddressEqual(sender, facilitator)) return "not the facilitator";
    if (this.now < payment.validAfter) return "not yet valid";
    if (amount === 0n) return "no amount";
    if (amount > value) return "over the amount";
    if (this.now > payment.validBefore) return "expired";
    if ((this.ledger.permit2Word(account, word) & bit) !== 0n) return "used";
    if (!this.asks() || !this.says(payment)) return "invalid signature";
    if (!this.ledger.pull(token, PERMIT2, account, to, amount)) return "no money";
    this.ledger.usePermit2(account, word, bit);
    return "settled";
  }

  /** Whether the module accepts the payment now. */
  says(payment: Authorization | Permit2Payment): boolean {
    const { session, budgetIndex, to, carries, leftOut } = payment;
    const id = hashSession(session);
    const budget = session.budgets[budgetIndex];
    if (!budget || !payment.keySigned || leftOut.budgets.includes(budgetIndex)) return false;
    // To bring a grant that is empty is to bring none, and no payload does.
    if (carries === "none") return false;
    const grant = carries === "nothing" ? "none" : carries;
    if (this.#sessionRefusals(session, id, grant, leftOut).length > 0) return false;
    const { period } = this.budgetOf(session, budgetIndex);
    return (
      mayReceive(budget, to) &&
      (budget.signatures & METHODS[payment.method]) !== 0 &&
      payment.period === period &&
      this.#isGood(payment, budget, id)
    );
  }

  /** Whether the payment's slot or node is good now, for its amount. */
  #isGood(payment: Authorization | Permit2Payment, budget: Budget, id: Hex): boolean {
    const { session, budgetIndex, value } = payment;
    const { period, spent } = this.budgetOf(session, budgetIndex);
    if (payment.method === "eip3009") {
      const opened = (lot: bigint, size: number) => this.#opened(session, id, budgetIndex, period, lot, size);
      const { slot } = payment;
      return brokenByAuthorization({ budget: slotBudgetOf(budget), slot, value, spent, opened }).length === 0;
    }
    const state = this.#nodeStateOf(session, budgetIndex, period);
    return isGoodNode(state, {
      ...payment.node,
      amount: value,
      method: payment.method,
      nonceOf: { session: BigInt(id), period: payment.period },
    });
  }

  /** The owner uses up nonces of Permit2's without any session: those of the word with these bits. */
  burnPermit2(word: bigint, bits: bigint): void {
    this.ledger.usePermit2(this.place.account, word, bits);
  }

  /** The owner pays by a Permit2 transfer of their own, with a nonce of their choice. */
  ownerPaysByPermit2(token: Address, nonce: bigint, to: Address, value: bigint): Settlement {
    const { account } = this.place;
    const bit = 1n << (nonce & 255n);
    if ((this.ledger.permit2Word(account, nonce >> 8n) & bit) !== 0n) return "used";
    if (!this.ledger.pull(token, PERMIT2, account, to, value)) return "no money";
    this.ledger.usePermit2(account, nonce >> 8n, bit);
    return "settled";
  }

  /** The owner, or anybody on the owner's word, uses a nonce of the account's without any session. */
  burn(token: Address, nonce: Hex): Settlement {
    if (this.ledger.nonceUsed(token, this.place.account, nonce)) return "used";
    this.ledger.useNonce(token, this.place.account, nonce);
    return "settled";
  }

  /** The owner pays with a nonce of their choice, past every session. */
  ownerPays(token: Address, nonce: Hex, to: Address, value: bigint): Settlement {
    const { account } = this.place;
    if (this.ledger.nonceUsed(token, account, nonce)) return "used";
    if (!this.ledger.move(token, account, to, value)) return "no money";
    this.ledger.useNonce(token, account, nonce);
    return "settled";
  }

  /* HOW A KIND OF ACCOUNT DOES IT */

  /** Whether the owner, for all that the module knows, gave the grant. */
  protected isGranted(grant: Grant): boolean {
    return grant === "good";
  }

  /** Whether the account itself may execute, where it is the sender. */
  protected speaksForItself(_door: Extract<Door, { kind: "execute" }>, _calls: readonly Call[]): boolean {
    return false;
  }

  /** Whether the account performs what the module wants of it. */
  executes(): boolean {
    return true;
  }

  /** Whether the account asks the module about signatures. */
  asks(): boolean {
    return true;
  }

  /* VIEWS */

  budgetOf(session: Session, index: number): Meter {
    const { token, perPeriod, period: seconds, initial, perSecond } = session.budgets[index] as Budget;
    const validAfter = BigInt(session.validAfter);
    const validUntil = BigInt(session.validUntil);
    const began = this.now >= validAfter;
    const period = began ? (this.now - validAfter) / BigInt(seconds) : 0n;
    const start = validAfter + period * BigInt(seconds);
    const streamed = initial + perSecond * (this.now - start);
    const inPeriod = perSecond === 0n || streamed > perPeriod ? perPeriod : streamed;
    const released = began ? inPeriod : 0n;
    const spent = this.#spendingOf(hashSession(session), token, period);
    const next = start + BigInt(seconds);
    return {
      period,
      released,
      // All of it, and no more, where a later period was charged.
      spent: spent < released ? spent : released,
      resetsAt: next < validUntil ? next : validUntil,
    };
  }
}

/** The bit of each method in a budget's `signatures`. */
const METHODS = { eip3009: 1, exact: 2, upto: 4 } as const;

/** The word of Permit2's nonces that a lot has. */
const wordOf = (id: Hex, budgetIndex: number, period: bigint, lot: bigint): bigint =>
  nodeNonce(id, budgetIndex, period, { lot, depth: 0, index: 0n }) >> 8n;

const pauseOf = (account: Address, id: Hex): string => `${account}/${id}`.toLowerCase();

const callFailed = (index: number): Refusal => ({ name: "CallFailed", args: [BigInt(index)] });

/** What the call pays of the token by its own words. */
const paidBy = (reading: CallReading, token: Address): bigint => {
  if (reading.kind === "payment" && isAddressEqual(reading.token, token)) return reading.amount;
  if (reading.kind === "action" && isAddressEqual(token, NATIVE)) return reading.amount;
  return 0n;
};

/** The budget as the slot rule sees it: on chain, a slot splits in four. */
export const slotBudgetOf = ({ perTransaction, perPeriod, sizes }: Budget): SlotBudget => ({
  perTransaction,
  perPeriod,
  sizes,
  split: 4n,
});
