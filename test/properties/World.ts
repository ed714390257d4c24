import { permit2Abi } from "@latchkey/devchain";
import {
  type Address,
  concat,
  encodeFunctionData,
  type Hex,
  hexToBigInt,
  keccak256,
  size,
  slice,
  zeroAddress,
} from "viem";
import type { PrivateKeyAccount } from "viem/accounts";
import { mappingSlot } from "#devchain/usdc.ts";
import { ANYONE, type Budget, type Call, type Session } from "#sdk/session/Session.ts";
import { contextAround, executionOf } from "../environment/redemption.ts";
import { Ledger, NATIVE } from "../model/Ledger.ts";
import { isWhole, WHOLE } from "../model/LeftOut.ts";
import { lotsOf } from "../model/LotRule.ts";
import { isRefusal, type Refusal } from "../model/Refusal.ts";
import { budgetOf as budgetOfToken } from "../model/readCall.ts";
import {
  ACCOUNTS_OWN,
  type Charge,
  type Door,
  type Grant,
  type Outcome,
  type SessionModel,
  type Target,
} from "../model/SessionModel.ts";
import {
  cancelDigest,
  executionDigest,
  grantDigest,
  hashSession,
  nodeNonce,
  PERMIT2,
  plainPermitDigest,
  slotNonce,
  transferDigest,
} from "../model/typedData.ts";
import { agents, outsider, owner, payees, relayer, stranger } from "./actors.ts";
import { amountOf, callsOf, partyOf } from "./callsOf.ts";
import { exchange, exchangeModel } from "./exchange.ts";
import { nodeOf } from "./nodeOf.ts";
import type { PlayedAccount } from "./PlayedAccount.ts";
import type { Ending, Playground, Question } from "./Playground.ts";
import { sessionBytes } from "./packSession.ts";
import { permit2SettlementIn } from "./permit2SettlementIn.ts";
import { print } from "./print.ts";
import type { Scene } from "./Scene.ts";
import {
  type AuthorizationPlan,
  budgetIndexOf,
  type Corruption,
  type DoorPlan,
  type GrantPlan,
  leftOutOf,
  type Scenario,
  type SessionPlan,
  type StepPlan,
  sessionOf,
  soundStep,
  type WhenPlan,
} from "./scenario.ts";
import { settlementIn } from "./settlementIn.ts";
import { type Signed, signPayment, transferCall } from "./signPayment.ts";
import { slotOf } from "./slotOf.ts";
import { corrupted, deform, lying } from "./spoil.ts";
import { tokenAbi } from "./tokenAbi.ts";

const MUCH = 10n ** 14n;
const LITTLE = 5n;

/** How often each kind of step ended in each way, over all scenarios of a run. */
export type Tally = Map<string, number>;

/** What a grant that a plan means is to the account. */
export const CARRIED: Record<GrantPlan, Grant> = {
  none: "none",
  good: "good",
  "of a stranger": "bad",
  "for another session": "bad",
  "by a weak validator": "weak",
};

/** Something to read off the chain after a step, and what the model says that it is. */
export type Reading = {
  of: string;
  question: Question;
  expected: unknown;
  read: (answer: Hex) => unknown;
};

const STATES = ["UNKNOWN", "ENABLED", "REVOKED"];

/**
 * The chain and the model side by side. Every step is done to both; after it, whatever the design lets one see
 * must be the same in both. A difference throws.
 */
export class World {
  protected readonly scene: Scene;
  protected readonly ground: Playground;
  protected readonly account: PlayedAccount;
  readonly #model: SessionModel;
  readonly #tally: Tally;
  protected readonly sessions: Session[] = [];
  protected readonly plans: SessionPlan[] = [];
  /** Payments that were settled, or were to be, and those that are still held back. */
  readonly #authorizations: Signed[] = [];
  readonly #held: Signed[] = [];
  /** What each session moved of each budget in each period, over both rails. */
  readonly #moved = new Map<string, bigint>();

  constructor(ground: Playground, account: PlayedAccount, tally: Tally) {
    const targets = new Map<string, Target>([
      [exchange, exchangeModel],
      // USDC takes no ether.
      [ground.usdc.address.toLowerCase(), () => false],
    ]);
    this.ground = ground;
    this.account = account;
    this.#model = account.createModel(new Ledger(), targets);
    this.#tally = tally;
    this.scene = { ground, account, model: this.#model };
  }

  /** Plays a scenario from the playground as it is. @throws If chain and model differ, or a limit is passed. */
  async play(scenario: Scenario): Promise<void> {
    await this.#furnish();
    await this.begin(scenario);
    for (const [index, plan] of scenario.steps.entries()) {
      if (!plan) continue;
      let step = plan;
      try {
        this.#model.now = this.#timeOf(step.when, this.session(step.session));
        if (step.sound) step = this.sound(step);
        await this.step(step);
        await this.#compareReadings();
      } catch (error) {
        throw new Error(
          `${this.account.name}: step ${index}, ${print(step)}, at ${this.#model.now}: ${(error as Error).message}`,
          { cause: error },
        );
      }
    }
  }

  /** Makes the sessions of a scenario, and enables those that are to be enabled. */
  protected async begin({ sessions, enabled }: Scenario): Promise<void> {
    for (const [index, plan] of sessions.entries()) {
      const session = this.renew(index as 0 | 1, plan);
      if (!enabled[index]) continue;
      this.#model.now++;
      const ending = await this.asAccount(this.callOf("enable", [sessionBytes(session)]));
      this.compare("enable", this.#model.enable(this.account.address, session), ending);
    }
  }

  /** A grant that counts, if any does. */
  protected soundGrant(): GrantPlan {
    return "good";
  }

  /** The step, put right. */
  protected sound(step: StepPlan): StepPlan {
    if (step.revives && this.isOver(step.session))
      this.renew(step.session, this.plans[step.session] as SessionPlan);
    const session = this.session(step.session);
    // Nothing goes through until the account resumes it. What does not revive is refused for that alone.
    if (step.revives && this.#model.isPaused(hashSession(session))) {
      return { ...common(step), step: "resume", by: "account" };
    }
    return soundStep(step, session, {
      isEnabled: this.#model.stateOf(hashSession(session)) === "ENABLED",
      grant: this.soundGrant(),
      accountSpeaks: this.account.modular !== undefined,
    });
  }

  /** Money for everybody, the old approval that the exchange has, and Permit2's. */
  async #furnish(): Promise<void> {
    const { ledger } = this.#model;
    const usdc = this.ground.usdc.address;
    this.#model.now = await this.ground.now();
    for (const holder of [...this.#holders(), relayer.address]) {
      const [dollars, wei] = await this.ground.ask([
        this.#tokenQuestion("balanceOf", [holder]),
        this.ground.etherOf(holder),
      ]);
      ledger.setBalance(usdc, holder, hexToBigInt(dollars as Hex));
      ledger.setBalance(NATIVE, holder, hexToBigInt(wei as Hex));
    }
    await this.#deal(usdc, this.account.address, MUCH);
    await this.#deal(NATIVE, this.account.address, MUCH);
    await this.#deal(usdc, exchange, MUCH);
    for (const spender of [exchange, PERMIT2]) {
      const data = encodeFunctionData({ abi: tokenAbi, functionName: "approve", args: [spender, MUCH] });
      this.#model.now++;
      await this.asAccount({ target: usdc, value: 0n, data });
      ledger.setAllowance(usdc, this.account.address, spender, MUCH);
    }
  }

  async #deal(token: Address, holder: Address, amount: bigint): Promise<void> {
    if (token === NATIVE) await this.ground.setBalance(holder, amount);
    else await this.ground.setStorageAt(token, mappingSlot(holder, 9n), amount);
    this.#model.ledger.setBalance(token, holder, amount);
  }

  /* WHAT A STEP IS */

  protected async step(step: StepPlan): Promise<void> {
    const session = this.session(step.session);
    const id = hashSession(session);
    const account = this.account.address;
    const sendFrom = (from: Address, functionName: string, args: readonly unknown[]) => {
      const call = this.callOf(functionName, args);
      return from === account
        ? this.asAccount(call)
        : this.ground.send(this.#model.now, from, call.target, call.data);
    };

    switch (step.step) {
      case "execute":
        return this.#execute(session, step);
      case "pay":
        return this.#pay(session, step);
      case "authorize": {
        const signed = await this.#authorize(session, step);
        if (!signed) return this.pass("authorize: no such budget");
        (step.held ? this.#held : this.#authorizations).push(signed);
        if (step.held) await this.pass("authorize: held");
        else await this.#settle("authorize", signed);
        return this.#compareAnswers(signed, step.corruption);
      }
      case "replay": {
        const held = this.#held.shift();
        if (held) {
          this.#authorizations.push(held);
          return this.#settle("held", held);
        }
        const earlier = this.#authorizations.at(-1 - (step.which % Math.max(1, this.#authorizations.length)));
        return earlier ? this.#settle("replay", earlier) : this.pass("replay: nothing yet");
      }
      case "burn":
        return this.#burn(session, step);
      case "enable": {
        const from = { account, key: session.key, stranger: stranger.address }[step.by];
        const leftOut = leftOutOf(session, step.leftOut);
        const ending = await sendFrom(from, "enable", [sessionBytes(session, leftOut)]);
        return this.compare("enable", this.#model.enable(from, session, leftOut), ending);
      }
      case "revoke":
        return this.compare("revoke", this.#model.revoke(id), await sendFrom(account, "revoke", [id]));
      case "renounce": {
        const from = step.by === "key" ? session.key : stranger.address;
        const bytes = sessionBytes(session, leftOutOf(session, step.leftOut));
        const ending = await sendFrom(from, "renounce", [bytes]);
        return this.compare("renounce", this.#model.renounce(from, session), ending);
      }
      case "pause":
      case "resume": {
        const from = { account, key: session.key, stranger: stranger.address }[step.by];
        const paused = step.step === "pause";
        const changed = this.#model.setPaused(from, id, paused);
        const ending = await sendFrom(from, step.step, [id]);
        const told = "logs" in ending ? this.ground.eventsIn(ending.logs, "SessionPaused") : undefined;
        if (print(told) !== print(changed ? [{ account: from, id, paused }] : [])) {
          throw new Error(`it logged ${print(told)}, and something changed: ${changed}`);
        }
        return this.count(`${step.step} by ${step.by}: ${changed ? "changed" : "as it was"}`);
      }
      case "revokeAll": {
        const ending = await sendFrom(account, "revokeAll", []);
        const [answer] = await this.ground.ask([this.question("epochOf", [account])]);
        const epoch = hexToBigInt(answer as Hex);
        if (epoch === this.#model.epoch) throw new Error("revokeAll left the epoch as it was");
        return this.compare("revokeAll", this.#model.revokeAll(epoch), ending);
      }
      case "renew": {
        const made = this.renew(step.session, step.plan);
        if (!step.enable) return this.pass("renew");
        const ending = await sendFrom(account, "enable", [sessionBytes(made)]);
        return this.compare("renew", this.#model.enable(account, made), ending);
      }
      case "fund": {
        const amounts = { much: MUCH, little: LITTLE, nothing: 0n };
        await this.#deal(this.ground.usdc.address, account, amounts[step.usdc]);
        await this.#deal(NATIVE, account, amounts[step.native]);
        return this.pass("fund");
      }
    }
  }

  /** A call of the module. */
  protected callOf(functionName: string, args: readonly unknown[]): Call {
    return { target: this.ground.module, value: 0n, data: this.ground.encode(functionName, args) };
  }

  /** By ERC-7710, in one entry. */
  protected redemptionOf(context: Hex, calls: readonly Call[]): Call {
    const { mode, execution } = executionOf(calls);
    return this.callOf("redeemDelegations", [[context], [mode], [execution]]);
  }

  /** The owner makes the account perform calls. */
  protected asAccount(...calls: readonly Call[]): Promise<Ending> {
    const { from, to, data } = this.account.perform(calls);
    return this.ground.send(this.#model.now, from, to, data);
  }

  /** Time passes, and nothing else that anybody sent. */
  protected async pass(what: string): Promise<void> {
    this.count(what);
    await this.ground.mine(this.#model.now);
  }

  async #execute(session: Session, step: Extract<StepPlan, { step: "execute" }>): Promise<void> {
    const { calls: plans, door: plan } = step;
    const id = hashSession(session);
    const calls = plans.flatMap((call) => callsOf(this.scene, session, call));
    const grant = await this.grantOf(session, step.grant);
    const door = this.#doorOf(session, plan);
    const leftOut = leftOutOf(session, step.leftOut);
    const bytes = sessionBytes(session, leftOut);
    const outcome = this.#model.execute(session, CARRIED[step.grant], calls, door, leftOut);
    let ending: Ending;
    if (plan.door === "execute" || door.kind === "execute") {
      const call = this.callOf("execute", [bytes, grant, calls]);
      if (door.kind === "execute" && door.oddly) call.data = concat([call.data, stranger.address]);
      ending =
        door.sender === this.account.address
          ? await this.asAccount(call)
          : await this.ground.send(this.#model.now, door.sender, call.target, call.data);
    } else if (plan.door === "redeem" || door.kind === "redeem") {
      const call = this.redemptionOf(contextAround(bytes, { grant }), calls);
      ending =
        door.sender === this.account.address
          ? await this.asAccount(call)
          : await this.ground.send(this.#model.now, door.sender, call.target, call.data);
    } else {
      const { caller, nonce, deadline, sender } = door;
      const signedNonce = plan.signature === "over another nonce" ? nonce ^ 1n : nonce;
      const execution = { session: id, calls, caller, nonce: signedNonce, deadline };
      const digest = executionDigest(execution, this.ground.module, this.ground.chainId);
      const signer = plan.signature === "of a stranger" ? stranger : this.keyOf(session);
      const signature = deform(await signer.sign({ hash: digest }), plan.signature);
      const terms = { grant, caller, nonce, deadline, keySignature: signature };
      const call =
        plan.door === "redeemSigned"
          ? this.redemptionOf(contextAround(bytes, terms), calls)
          : this.callOf("executeSigned", [bytes, grant, calls, caller, nonce, deadline, signature]);
      ending = await this.ground.send(this.#model.now, sender, call.target, call.data);
      await this.expectAnswer("nonceUsed", [id, session.account, nonce], this.#model.nonceUsed(id, nonce));
    }
    for (const { token, period, amount } of outcome.charges) this.move(session, token, period, amount);
    if (outcome.refusals.length === 0) {
      const plain = plans.every(
        (call) => call.call === "pay" || (call.call === "pay native" && call.to !== "exchange"),
      );
      this.count(plain ? "paid" : "measured");
      if (outcome.charges.length > 1) this.count("charged to two budgets");
      if (plan.door === "execute" && plan.by === "account") this.count("executed by the account itself");
      if (!isWhole(leftOut)) this.count("executed without all parts");
    }
    this.compare(plan.door, outcome, ending);
  }

  async #pay(session: Session, plan: Extract<StepPlan, { step: "pay" }>): Promise<void> {
    const { usdc } = this.ground;
    const token = {
      usdc: usdc.address,
      "the native coin": zeroAddress,
      "one without a budget": outsider,
    }[plan.token];
    const to = partyOf(this.scene, plan.to);
    const amount = amountOf(this.scene, session, token, plan.amount);
    const other = agents.find(({ address }) => address !== session.key) as PrivateKeyAccount;
    const { address: account } = this.account;
    const sender = { key: session.key, "other key": other.address, stranger: stranger.address, account }[
      plan.by
    ];
    const grant = await this.grantOf(session, plan.grant);
    const leftOut = leftOutOf(session, plan.leftOut);
    const payment = { token, to, amount };
    const outcome = this.#model.pay(session, CARRIED[plan.grant], payment, sender, leftOut);
    const call = this.callOf("pay", [sessionBytes(session, leftOut), grant, token, to, amount]);
    const ending =
      sender === account
        ? await this.asAccount(call)
        : await this.ground.send(this.#model.now, sender, call.target, call.data);
    for (const charge of outcome.charges) this.move(session, charge.token, charge.period, charge.amount);
    this.compare("pay", outcome, ending);
  }

  async #settle(name: string, { payment, amount, settlement: { to, data } }: Signed): Promise<void> {
    const { usdc } = this.ground;
    const isByToken = payment.method === "eip3009";
    const settlement = isByToken
      ? this.#model.settle(payment)
      : this.#model.settleByPermit2(payment, relayer.address, amount);
    const ending = await this.ground.send(this.#model.now, relayer.address, to, data);
    this.count(isByToken ? `${name}: ${settlement}` : `${name} by ${payment.method}: ${settlement}`);
    const given = isByToken ? settlementIn(ending) : permit2SettlementIn(ending);
    if (given !== settlement) throw new Error(`the model says "${settlement}", the chain "${given}"`);
    if (settlement !== "settled") return;
    const { session, budgetIndex } = payment;
    const { period } = this.#model.budgetOf(session, budgetIndex);
    this.move(session, usdc.address, period, amount);
  }

  /**
   * What account and module answer about the payment, now that the step is over: as the model
   * says, and never yes to a payload that is not the one that was made.
   */
  async #compareAnswers(
    { payment, digest, payload, grant, signature }: Signed,
    corruption: Corruption,
  ): Promise<void> {
    const expected = this.#model.says(payment);
    const { address: account } = this.account;
    const asked = encodeFunctionData({
      abi: tokenAbi,
      functionName: "isValidSignature",
      args: [digest, signature],
    });
    const byAccount = await this.ground.saysYes({ to: account, data: asked });
    if (byAccount !== (this.#model.asks() && expected))
      throw new Error(`the account says ${byAccount}, the model ${!byAccount}`);
    const byModule = await this.ground.saysYes(this.account.question(digest, payload));
    if (byModule !== expected) throw new Error(`the module says ${byModule}, the model ${expected}`);
    this.count(`asked by ${payment.method}: ${expected}`);
    if (await this.ground.saysYes(this.account.question(keccak256(digest), payload))) {
      throw new Error("the module accepts another hash");
    }
    const { carries } = payment;
    // A grant that is empty is all that is wrong with such a payload, or its version is.
    if (carries === "none") return;
    // A grant is for the account to judge, and nobody looks at it once the session is enabled.
    if (carries !== "nothing" && typeof corruption === "string") return;
    const spoilt = concat([corrupted(slice(payload, 0, size(payload) - size(grant)), corruption), grant]);
    if (await this.ground.saysYes(this.account.question(digest, spoilt))) {
      throw new Error(`the module believes a corrupted payload: ${spoilt}`);
    }
  }

  async #burn(session: Session, plan: Extract<StepPlan, { step: "burn" }>): Promise<void> {
    const budgetIndex = budgetIndexOf(session, this.ground.usdc.address);
    const { period } = this.#model.budgetOf(session, budgetIndex);
    const id = hashSession(session);
    if (plan.nonceOf === "Permit2") {
      const node = nodeOf(this.scene, session, budgetIndex, plan.slot);
      return this.#burnOfPermit2(nodeNonce(id, budgetIndex, period, node), plan.by);
    }
    const slot = slotOf(this.scene, session, budgetIndex, plan.slot);
    return this.#burnOfToken(slotNonce(id, budgetIndex, period, slot), plan.by);
  }

  async #burnOfToken(nonce: Hex, by: "cancellation" | "payment"): Promise<void> {
    const { usdc } = this.ground;
    const { now } = this.#model;
    const { address: account } = this.account;
    let settlement: string;
    let call: Hex;
    if (by === "cancellation") {
      const signature = await this.account.ownerSigns(cancelDigest(account, nonce, usdc));
      const args = [account, nonce, signature] as const;
      call = encodeFunctionData({ abi: tokenAbi, functionName: "cancelAuthorization", args });
      settlement = this.#model.burn(usdc.address, nonce);
    } else {
      const transfer = {
        from: account,
        to: outsider,
        value: 3n,
        validAfter: 0n,
        validBefore: now + 1n,
        nonce,
      };
      call = transferCall(transfer, await this.account.ownerSigns(transferDigest(transfer, usdc)));
      settlement = this.#model.ownerPays(usdc.address, nonce, outsider, 3n);
    }
    const ending = await this.ground.send(now, relayer.address, usdc.address, call);
    this.count(`burn: ${settlement}`);
    const given = settlementIn(ending);
    if (given !== settlement) throw new Error(`the model says "${settlement}", the token "${given}"`);
  }

  async #burnOfPermit2(nonce: bigint, by: "cancellation" | "payment"): Promise<void> {
    const { now } = this.#model;
    const token = this.ground.usdc.address;
    if (by === "cancellation") {
      const [word, bits] = [nonce >> 8n, 1n << (nonce & 255n)];
      const data = encodeFunctionData({
        abi: permit2Abi,
        functionName: "invalidateUnorderedNonces",
        args: [word, bits],
      });
      const ending = await this.asAccount({ target: PERMIT2, value: 0n, data });
      this.#model.burnPermit2(word, bits);
      if ("revert" in ending) throw new Error(`Permit2 did not burn: ${ending.revert}`);
      return this.count("burn of Permit2: burnt");
    }
    const permit = { permitted: { token, amount: 3n }, nonce, deadline: now };
    const digest = plainPermitDigest({ ...permit, spender: relayer.address }, this.ground.chainId);
    const data = encodeFunctionData({
      abi: permit2Abi,
      functionName: "permitTransferFrom",
      args: [
        permit,
        { to: outsider, requestedAmount: 3n },
        this.account.address,
        await this.account.ownerSigns(digest),
      ],
    });
    const settlement = this.#model.ownerPaysByPermit2(token, nonce, outsider, 3n);
    const given = permit2SettlementIn(await this.ground.send(now, relayer.address, PERMIT2, data));
    this.count(`burn of Permit2: ${settlement}`);
    if (given !== settlement) throw new Error(`the model says "${settlement}", Permit2 "${given}"`);
  }

  /* PLANS TO THINGS */

  protected session(index: 0 | 1): Session {
    return this.sessions[index] as Session;
  }

  /** Puts a session made now in the place of the one before. */
  protected renew(index: 0 | 1, plan: SessionPlan): Session {
    const session = sessionOf(plan, {
      account: this.account.address,
      handler: this.account.handler,
      sponsor: this.account.modular?.paymaster.address ?? outsider,
      usdc: this.ground.usdc.address,
      epoch: this.#model.epoch,
      now: this.#model.now,
    });
    this.plans[index] = plan;
    this.sessions[index] = session;
    return session;
  }

  /** Whether the session can never be used again. */
  protected isOver(index: 0 | 1): boolean {
    const session = this.session(index);
    return (
      this.#model.now >= BigInt(session.validUntil) ||
      session.epoch !== this.#model.epoch ||
      this.#model.stateOf(hashSession(session)) === "REVOKED"
    );
  }

  protected keyOf(session: Session): PrivateKeyAccount {
    return agents.find(({ address }) => address === session.key) as PrivateKeyAccount;
  }

  #timeOf(plan: WhenPlan, session: Session): bigint {
    const { now } = this.#model;
    if ("seconds" in plan) return now + BigInt(plan.seconds);
    const edge = {
      validAfter: BigInt(session.validAfter),
      "the period's end": this.#model.budgetOf(session, budgetIndexOf(session, this.ground.usdc.address))
        .resetsAt,
      validUntil: BigInt(session.validUntil),
    }[plan.edge];
    const time = edge + BigInt(plan.offset);
    return time > now ? time : now + 1n;
  }

  #doorOf(session: Session, plan: DoorPlan): Door {
    if (plan.door === "execute" || plan.door === "redeem") {
      const other = agents.find(({ address }) => address !== session.key) as PrivateKeyAccount;
      const senders = {
        key: session.key,
        "other key": other.address,
        stranger: stranger.address,
        owner: owner.address,
        account: this.account.address,
        "account, oddly": this.account.address,
      };
      if (plan.door === "redeem") return { kind: "redeem", sender: senders[plan.by] };
      return { kind: "execute", sender: senders[plan.by], oddly: plan.by === "account, oddly" };
    }
    const callers = {
      anyone: ANYONE,
      relayer: relayer.address,
      stranger: stranger.address,
      nobody: zeroAddress,
    };
    const deadlines = { far: 3600n, now: 0n, "a second ago": -1n };
    return {
      kind: "executeSigned",
      sender: relayer.address,
      caller: callers[plan.caller],
      nonce: plan.nonce,
      deadline: Number(this.#model.now + deadlines[plan.deadline]),
      keySigned: plan.signature === "good",
    };
  }

  protected async grantOf(session: Session, plan: GrantPlan): Promise<Hex> {
    if (plan === "none") return "0x";
    // Not the one that `lying` makes of it, which would then be granted.
    const granted = plan === "for another session" ? { ...session, salt: session.salt ^ 2n } : session;
    const digest = grantDigest(granted, this.ground.module, this.ground.chainId);
    if (plan === "by a weak validator") return this.account.weaklySigned;
    return plan === "of a stranger" ? this.account.strangerSigns(digest) : this.account.ownerSigns(digest);
  }

  async #authorize(granted: Session, plan: AuthorizationPlan): Promise<Signed | undefined> {
    const session = lying(granted, plan.lie, this.ground.usdc.address);
    const carried = plan.carries === "nothing" ? "nothing" : CARRIED[plan.carries];
    return signPayment(this.scene, plan, {
      session,
      key: this.keyOf(session),
      // It is another session that was granted.
      carries: carried === "good" && plan.lie !== "none" ? "bad" : carried,
      grant: plan.carries === "nothing" ? undefined : await this.grantOf(granted, plan.carries),
      leftOut: leftOutOf(session, plan.leftOut),
    });
  }

  /* COMPARING */

  /** The model's outcome and the chain's ending must agree, error by error and charge by charge. */
  protected compare(name: string, { refusals, charges }: Outcome, ending: Ending): void {
    if ("charges" in ending) {
      this.count(`${name}: accepted`);
      if (refusals.length > 0) throw new Error(`accepted, the model refuses: ${print(refusals)}`);
      this.compareCharges(charges, ending.charges);
      return;
    }
    this.compareRefusal(name, refusals, ending.revert);
  }

  protected compareCharges(expected: readonly Charge[], given: readonly Charge[]): void {
    if (print(sorted(given)) !== print(sorted(expected))) {
      throw new Error(`charged ${print(given)}, the model charges ${print(expected)}`);
    }
  }

  /** What it reverted with must be a refusal of the model's, as far as the account passes it on. */
  protected compareRefusal(name: string, refusals: readonly Refusal[], revert: Hex): void {
    const error = this.ground.errorIn(revert);
    const untold = revert === this.account.silence || refusals.some((one) => one.name === ACCOUNTS_OWN);
    this.count(`${name}: ${error?.name ?? (untold ? "refused by the account" : revert)}`);
    if (!error && untold && refusals.length > 0) return;
    if (!error) throw new Error(`reverted with ${revert}, the model says ${print(refusals)}`);
    if (!refusals.some((refusal) => isRefusal(refusal, error.name, error.args))) {
      throw new Error(`refused: ${print(error)}; the model says: ${print(refusals)}`);
    }
  }

  /** Whatever the design lets one see of account and sessions. */
  protected readings(): Reading[] {
    const { ledger, place } = this.#model;
    const usdc = this.ground.usdc.address;
    const readings: Reading[] = [];
    for (const holder of this.#holders()) {
      const question = this.#tokenQuestion("balanceOf", [holder]);
      readings.push({
        of: `USDC of ${holder}`,
        question,
        expected: ledger.balance(usdc, holder),
        read: hexToBigInt,
      });
      readings.push({
        of: `ether of ${holder}`,
        question: this.ground.etherOf(holder),
        expected: ledger.balance(NATIVE, holder),
        read: hexToBigInt,
      });
    }
    for (const spender of [exchange, PERMIT2, payees[0], payees[1]]) {
      const question = this.#tokenQuestion("allowance", [place.account, spender]);
      const expected = ledger.allowance(usdc, place.account, spender);
      readings.push({ of: `allowance of ${spender}`, question, expected, read: hexToBigInt });
    }
    for (const session of this.sessions) {
      const id = hashSession(session);
      readings.push({
        of: `state of ${id}`,
        question: this.question("stateOf", [id, session.account]),
        expected: print([STATES.indexOf(this.#model.stateOf(id)), this.#model.isPaused(id)]),
        read: (answer) => print(this.ground.decode("stateOf", answer)),
      });
      for (const index of session.budgets.keys()) {
        const { period, released, spent, resetsAt } = this.#model.budgetOf(session, index);
        // The first budget out of the whole session, another out of bytes that have nothing else.
        const others = { budgets: [...session.budgets.keys()].filter((one) => one !== index), actions: true };
        readings.push({
          of: `budget ${index} of ${id}`,
          question: this.question("budgetOf", [
            sessionBytes(session, index === 0 ? WHOLE : others),
            BigInt(index),
          ]),
          expected: print([period, released, spent, resetsAt]),
          read: (answer) => print(this.ground.decode("budgetOf", answer)),
        });
      }
    }
    readings.push(...this.#wordsOfNodes());
    const epoch = this.question("epochOf", [place.account]);
    readings.push({ of: "epoch", question: epoch, expected: this.#model.epoch, read: hexToBigInt });
    return readings;
  }

  /** The nodes that are used of every lot of the present period. */
  #wordsOfNodes(): Reading[] {
    const { ledger, place } = this.#model;
    return this.sessions.flatMap((session) =>
      session.budgets.flatMap((budget, index) => {
        if (budget.signatures <= 1) return [];
        const { period } = this.#model.budgetOf(session, index);
        return Array.from({ length: Number(lotsOf(budget)) }, (_, lot): Reading => {
          const node = { lot: BigInt(lot), depth: 0, index: 0n };
          const word = nodeNonce(hashSession(session), index, period, node) >> 8n;
          const args = [place.account, word] as const;
          return {
            of: `used nodes of lot ${lot}`,
            question: {
              to: PERMIT2,
              data: encodeFunctionData({ abi: permit2Abi, functionName: "nonceBitmap", args }),
            },
            expected: ledger.permit2Word(place.account, word),
            read: hexToBigInt,
          };
        });
      }),
    );
  }

  async #compareReadings(): Promise<void> {
    const readings = this.readings();
    const answers = await this.ground.ask(readings.map(({ question }) => question));
    for (const [index, { of, expected, read }] of readings.entries()) {
      const given = read(answers[index] as Hex);
      if (given !== expected)
        throw new Error(`${of}: the chain says ${print(given)}, the model ${print(expected)}`);
    }
  }

  protected async expectAnswer(
    functionName: string,
    args: readonly unknown[],
    expected: unknown,
  ): Promise<void> {
    const [answer] = await this.ground.ask([this.question(functionName, args)]);
    const given = this.ground.decode(functionName, answer as Hex);
    if (given !== expected)
      throw new Error(`${functionName}: the chain says ${print(given)}, the model ${print(expected)}`);
  }

  /** Adds to what a session has moved in a period over both rails: the limit that everything is about. */
  protected move(session: Session, token: Address, period: bigint, amount: bigint): void {
    const of = `${hashSession(session)}/${token}/${period}`;
    const moved = (this.#moved.get(of) ?? 0n) + amount;
    this.#moved.set(of, moved);
    const { perPeriod } = budgetOfToken(session, token) as Budget;
    if (moved > perPeriod) throw new Error(`${moved} moved in period ${period}, perPeriod is ${perPeriod}`);
  }

  #holders(): Address[] {
    return [this.account.address, ...payees, outsider, exchange];
  }

  protected question(functionName: string, args: readonly unknown[]): Question {
    return { to: this.ground.module, data: this.ground.encode(functionName, args) };
  }

  #tokenQuestion(functionName: "balanceOf" | "allowance", args: readonly Address[]): Question {
    const data = encodeFunctionData({ abi: tokenAbi, functionName, args } as Parameters<
      typeof encodeFunctionData
    >[0]);
    return { to: this.ground.usdc.address, data };
  }

  protected count(what: string): void {
    this.#tally.set(what, (this.#tally.get(what) ?? 0) + 1);
  }
}

/** What every kind of step has. */
const common = ({ when, session, sound, revives }: StepPlan) => ({ when, session, sound, revives });

const sorted = <T extends { token: Address }>(charges: readonly T[]): T[] =>
  charges.toSorted((a, b) => (a.token.toLowerCase() < b.token.toLowerCase() ? -1 : 1));
