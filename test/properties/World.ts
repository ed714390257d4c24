import { type Address, encodeFunctionData, type Hex, hexToBigInt, parseSignature, zeroAddress } from "viem";
import type { PrivateKeyAccount } from "viem/accounts";
import { ANYONE, type Budget, type Session } from "../../packages/sdk/src/Session.ts";
import { mappingSlot } from "../environment/usdc.ts";
import { Ledger, NATIVE } from "../model/Ledger.ts";
import { isRefusal } from "../model/Refusal.ts";
import { budgetOf as budgetOfToken } from "../model/readCall.ts";
import {
  type Authorization,
  type Door,
  type Grant,
  type Outcome,
  SessionModel,
  slotBudgetOf,
  type Target,
} from "../model/SessionModel.ts";
import { slotWorth } from "../model/SlotRule.ts";
import {
  cancelDigest,
  executionDigest,
  grantDigest,
  hashSession,
  safeMessageDigest,
  slotNonce,
  transferDigest,
} from "../model/typedData.ts";
import { agents, outsider, owner, payees, relayer, stranger } from "./actors.ts";
import { callsOf, partyOf } from "./callsOf.ts";
import { exchange, exchangeModel } from "./exchange.ts";
import type { Ending, InstalledSafe, Playground, Question } from "./Playground.ts";
import { packPayload } from "./packPayload.ts";
import { print } from "./print.ts";
import type { Scene } from "./Scene.ts";
import {
  type AuthorizationPlan,
  budgetIndexOf,
  type CallPlan,
  type Corruption,
  type DoorPlan,
  type GrantPlan,
  type Scenario,
  type SessionPlan,
  type SlotPlan,
  type StepPlan,
  sessionOf,
  soundStep,
  type WhenPlan,
} from "./scenario.ts";
import { settlementIn } from "./settlementIn.ts";
import { slotOf } from "./slotOf.ts";
import { corrupted, deform, lying } from "./spoil.ts";
import { tokenAbi } from "./tokenAbi.ts";

const MUCH = 10n ** 14n;
const LITTLE = 5n;

/** How often each kind of step ended in each way, over all scenarios of a run. */
export type Tally = Map<string, number>;

/** An authorization that was made, as it went to the token. */
type Signed = { authorization: Authorization; digest: Hex; payload: Hex; signature: Hex; call: Hex };

const STATES = ["UNKNOWN", "ENABLED", "REVOKED"];

/**
 * The chain and the model side by side. Every step is done to both; after it, whatever the design lets one see
 * must be the same in both. A difference throws.
 */
export class World {
  readonly #scene: Scene;
  readonly #ground: Playground;
  readonly #safe: InstalledSafe;
  readonly #model: SessionModel;
  readonly #tally: Tally;
  readonly #sessions: Session[] = [];
  readonly #plans: SessionPlan[] = [];
  /** Authorizations that went to the token, and those that are still held back. */
  readonly #authorizations: Signed[] = [];
  readonly #held: Signed[] = [];
  /** What each session moved of each budget in each period, over both rails. */
  readonly #moved = new Map<string, bigint>();

  private constructor(scene: Scene, tally: Tally) {
    this.#scene = scene;
    this.#ground = scene.ground;
    this.#safe = scene.safe;
    this.#model = scene.model;
    this.#tally = tally;
  }

  /** Plays a scenario from the playground as it is. @throws If chain and model differ, or a limit is passed. */
  static async play(ground: Playground, scenario: Scenario, tally: Tally): Promise<void> {
    const safe = ground.safes[scenario.safe] as InstalledSafe;
    const place = { account: safe.address, module: ground.module, fallbackHandler: safe.handler };
    const targets = new Map<string, Target>([
      [exchange, exchangeModel],
      // USDC takes no ether.
      [ground.usdc.address.toLowerCase(), () => false],
    ]);
    const model = new SessionModel(place, new Ledger(), targets);
    const world = new World({ ground, safe, model }, tally);
    await world.#furnish();
    for (const [index, plan] of scenario.sessions.entries()) {
      world.#renew(index as 0 | 1, plan);
      if (!scenario.enabled[index]) continue;
      model.now++;
      const session = world.#session(index as 0 | 1);
      const ending = await ground.send(
        model.now,
        safe.address,
        ground.module,
        ground.encode("enable", [session]),
      );
      world.#compare("enable", model.enable(safe.address, session), ending);
    }
    for (const [index, plan] of scenario.steps.entries()) {
      if (!plan) continue;
      let step = plan;
      try {
        model.now = world.#timeOf(step.when, world.#session(step.session));
        if (step.sound) {
          if (step.revives && world.#isOver(step.session))
            world.#renew(step.session, world.#plans[step.session] as SessionPlan);
          const session = world.#session(step.session);
          step = soundStep(step, session, model.stateOf(hashSession(session)) === "ENABLED");
        }
        await world.#step(step);
        await world.#compareReadings();
      } catch (error) {
        throw new Error(`step ${index}, ${print(step)}, at ${model.now}: ${(error as Error).message}`, {
          cause: error,
        });
      }
    }
  }

  /** Money for everybody, and the old approval that the exchange has. */
  async #furnish(): Promise<void> {
    const { ledger } = this.#model;
    const usdc = this.#ground.usdc.address;
    this.#model.now = await this.#ground.now();
    for (const holder of [...this.#holders(), relayer.address]) {
      const answer = await this.#ground.ask([this.#tokenQuestion("balanceOf", [holder])]);
      ledger.setBalance(usdc, holder, hexToBigInt(answer[0] as Hex));
      ledger.setBalance(NATIVE, holder, await this.#ground.balanceOf(holder));
    }
    await this.#deal(usdc, this.#safe.address, MUCH);
    await this.#deal(NATIVE, this.#safe.address, MUCH);
    await this.#deal(usdc, exchange, MUCH);
    const approval = encodeFunctionData({ abi: tokenAbi, functionName: "approve", args: [exchange, MUCH] });
    this.#model.now++;
    await this.#ground.send(this.#model.now, this.#safe.address, usdc, approval);
    ledger.setAllowance(usdc, this.#safe.address, exchange, MUCH);
  }

  async #deal(token: Address, holder: Address, amount: bigint): Promise<void> {
    if (token === NATIVE) await this.#ground.setBalance(holder, amount);
    else await this.#ground.setStorageAt(token, mappingSlot(holder, 9n), amount);
    this.#model.ledger.setBalance(token, holder, amount);
  }

  /* WHAT A STEP IS */

  async #step(step: StepPlan): Promise<void> {
    const session = this.#session(step.session);
    const id = hashSession(session);
    const account = this.#safe.address;
    const module = this.#ground.module;
    const { now } = this.#model;
    const send = (from: Address, functionName: string, args: readonly unknown[]) =>
      this.#ground.send(now, from, module, this.#ground.encode(functionName, args));

    switch (step.step) {
      case "execute":
        return this.#execute(session, step.calls, step.grant, step.door);
      case "authorize": {
        const signed = await this.#authorize(session, step);
        if (!signed) return this.#pass("authorize: no such budget");
        (step.held ? this.#held : this.#authorizations).push(signed);
        if (step.held) await this.#pass("authorize: held");
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
        return earlier ? this.#settle("replay", earlier) : this.#pass("replay: nothing yet");
      }
      case "burn":
        return this.#burn(session, step.slot, step.by);
      case "enable": {
        const from = { account, key: session.key, stranger: stranger.address }[step.by];
        const ending = await send(from, "enable", [session]);
        return this.#compare("enable", this.#model.enable(from, session), ending);
      }
      case "revoke":
        return this.#compare("revoke", this.#model.revoke(id), await send(account, "revoke", [id]));
      case "renounce": {
        const from = step.by === "key" ? session.key : stranger.address;
        const ending = await send(from, "renounce", [session]);
        return this.#compare("renounce", this.#model.renounce(from, session), ending);
      }
      case "revokeAll": {
        const ending = await send(account, "revokeAll", []);
        const [answer] = await this.#ground.ask([this.#question("epochOf", [account])]);
        const epoch = hexToBigInt(answer as Hex);
        if (epoch === this.#model.epoch) throw new Error("revokeAll left the epoch as it was");
        return this.#compare("revokeAll", this.#model.revokeAll(epoch), ending);
      }
      case "renew": {
        const made = this.#renew(step.session, step.plan);
        if (!step.enable) return this.#pass("renew");
        const ending = await send(account, "enable", [made]);
        return this.#compare("renew", this.#model.enable(account, made), ending);
      }
      case "fund": {
        const amounts = { much: MUCH, little: LITTLE, nothing: 0n };
        await this.#deal(this.#ground.usdc.address, account, amounts[step.usdc]);
        await this.#deal(NATIVE, account, amounts[step.native]);
        return this.#pass("fund");
      }
    }
  }

  /** Time passes, and nothing else that anybody sent. */
  async #pass(what: string): Promise<void> {
    this.#count(what);
    await this.#ground.mine(this.#model.now);
  }

  async #execute(
    session: Session,
    plans: readonly CallPlan[],
    grantPlan: GrantPlan,
    plan: DoorPlan,
  ): Promise<void> {
    const id = hashSession(session);
    const calls = plans.flatMap((call) => callsOf(this.#scene, session, call));
    const grant = await this.#grantOf(session, grantPlan);
    const door = this.#doorOf(session, plan);
    const carried: Grant = grantPlan === "none" ? "none" : grantPlan === "good" ? "good" : "bad";
    const outcome = this.#model.execute(session, carried, calls, door);
    let ending: Ending;
    if (plan.door === "execute" || door.kind === "execute") {
      const data = this.#ground.encode("execute", [session, grant, calls]);
      ending = await this.#ground.send(this.#model.now, door.sender, this.#ground.module, data);
    } else {
      const { caller, nonce, deadline, sender } = door;
      const signedNonce = plan.signature === "over another nonce" ? nonce ^ 1n : nonce;
      const execution = { session: id, calls, caller, nonce: signedNonce, deadline };
      const digest = executionDigest(execution, this.#ground.module, this.#ground.chainId);
      const signer = plan.signature === "of a stranger" ? stranger : this.#keyOf(session);
      const signature = deform(await signer.sign({ hash: digest }), plan.signature);
      const args = [session, grant, calls, caller, nonce, deadline, signature];
      const data = this.#ground.encode("executeSigned", args);
      ending = await this.#ground.send(this.#model.now, sender, this.#ground.module, data);
      await this.#expectAnswer("nonceUsed", [id, session.account, nonce], this.#model.nonceUsed(id, nonce));
    }
    for (const { token, period, amount } of outcome.charges) this.#move(session, token, period, amount);
    if (outcome.refusals.length === 0) {
      const plain = plans.every(({ call }) => call === "pay" || call === "pay native");
      this.#count(plain ? "paid" : "measured");
      if (outcome.charges.length > 1) this.#count("charged to two budgets");
    }
    this.#compare(plan.door, outcome, ending);
  }

  async #settle(name: string, { authorization, call }: Signed): Promise<void> {
    const { usdc } = this.#ground;
    const settlement = this.#model.settle(authorization);
    const ending = await this.#ground.send(this.#model.now, relayer.address, usdc.address, call);
    this.#count(`${name}: ${settlement}`);
    const given = settlementIn(ending);
    if (given !== settlement) throw new Error(`the model says "${settlement}", the token "${given}"`);
    if (settlement !== "settled") return;
    const { session, budgetIndex, value } = authorization;
    const { period } = this.#model.budgetOf(session, budgetIndex);
    this.#move(session, usdc.address, period, value);
  }

  /**
   * What account and module answer whoever asks about the authorization, now that the step is over: as the model
   * says, and never yes to a payload that is not the one that was made.
   */
  async #compareAnswers(
    { authorization, digest, payload, signature }: Signed,
    corruption: Corruption,
  ): Promise<void> {
    const { account } = this.#model.place;
    const expected = this.#model.says(authorization);
    const byAccount = await this.#ground.saysYes(account, "isValidSignature", [digest, signature]);
    if (byAccount !== expected) throw new Error(`the account says ${byAccount}, the model ${expected}`);
    const byModule = await this.#ground.saysYes(this.#ground.module, "isValidSignatureFor", [
      account,
      digest,
      payload,
    ]);
    if (byModule !== expected) throw new Error(`the module says ${byModule}, the model ${expected}`);
    this.#count(`asked: ${expected}`);
    // The ABI encoding of a carried grant has bytes that nobody reads.
    if (authorization.carries !== "nothing") return;
    const args = [account, digest, corrupted(payload, corruption)];
    if (await this.#ground.saysYes(this.#ground.module, "isValidSignatureFor", args)) {
      throw new Error(`the module believes a corrupted payload: ${args[2]}`);
    }
  }

  async #burn(session: Session, plan: SlotPlan, by: "cancellation" | "payment"): Promise<void> {
    const { usdc } = this.#ground;
    const { now } = this.#model;
    const account = this.#safe.address;
    const budgetIndex = budgetIndexOf(session, usdc.address);
    const { period } = this.#model.budgetOf(session, budgetIndex);
    const slot = slotOf(this.#scene, session, budgetIndex, plan);
    const nonce = slotNonce(hashSession(session), budgetIndex, period, slot);
    let settlement: string;
    let call: Hex;
    if (by === "cancellation") {
      const signature = await this.#ownerSays(cancelDigest(account, nonce, usdc));
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
      call = transferCall(transfer, await this.#ownerSays(transferDigest(transfer, usdc)));
      settlement = this.#model.ownerPays(usdc.address, nonce, outsider, 3n);
    }
    const ending = await this.#ground.send(now, relayer.address, usdc.address, call);
    this.#count(`burn: ${settlement}`);
    const given = settlementIn(ending);
    if (given !== settlement) throw new Error(`the model says "${settlement}", the token "${given}"`);
  }

  /* PLANS TO THINGS */

  #session(index: 0 | 1): Session {
    return this.#sessions[index] as Session;
  }

  /** Puts a session made now in the place of the one before. */
  #renew(index: 0 | 1, plan: SessionPlan): Session {
    const session = sessionOf(plan, {
      account: this.#safe.address,
      handler: this.#safe.handler,
      usdc: this.#ground.usdc.address,
      epoch: this.#model.epoch,
      now: this.#model.now,
    });
    this.#plans[index] = plan;
    this.#sessions[index] = session;
    return session;
  }

  /** Whether the session can never be used again. */
  #isOver(index: 0 | 1): boolean {
    const session = this.#session(index);
    return (
      this.#model.now >= BigInt(session.validUntil) ||
      session.epoch !== this.#model.epoch ||
      this.#model.stateOf(hashSession(session)) === "REVOKED"
    );
  }

  #keyOf(session: Session): PrivateKeyAccount {
    return agents.find(({ address }) => address === session.key) as PrivateKeyAccount;
  }

  #timeOf(plan: WhenPlan, session: Session): bigint {
    const { now } = this.#model;
    if ("seconds" in plan) return now + BigInt(plan.seconds);
    const edge = {
      validAfter: BigInt(session.validAfter),
      "the period's end": this.#model.budgetOf(session, budgetIndexOf(session, this.#ground.usdc.address))
        .resetsAt,
      validUntil: BigInt(session.validUntil),
    }[plan.edge];
    const time = edge + BigInt(plan.offset);
    return time > now ? time : now + 1n;
  }

  #doorOf(session: Session, plan: DoorPlan): Door {
    if (plan.door === "execute") {
      const other = agents.find(({ address }) => address !== session.key) as PrivateKeyAccount;
      const senders = {
        key: session.key,
        "other key": other.address,
        stranger: stranger.address,
        owner: owner.address,
      };
      return { kind: "execute", sender: senders[plan.by] };
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

  async #grantOf(session: Session, plan: GrantPlan): Promise<Hex> {
    if (plan === "none") return "0x";
    // Not the one that `lying` makes of it, which would then be granted.
    const granted = plan === "for another session" ? { ...session, salt: session.salt ^ 2n } : session;
    const signer = plan === "of a stranger" ? stranger : owner;
    const digest = grantDigest(granted, this.#ground.module, this.#ground.chainId);
    return signer.sign({ hash: safeMessageDigest(digest, this.#safe.address, this.#ground.chainId) });
  }

  /** The owner's ERC-1271 signature over a digest, past the module. */
  async #ownerSays(digest: Hex): Promise<Hex> {
    return owner.sign({ hash: safeMessageDigest(digest, this.#safe.address, this.#ground.chainId) });
  }

  async #authorize(granted: Session, plan: AuthorizationPlan): Promise<Signed | undefined> {
    const { usdc } = this.#ground;
    const { now } = this.#model;
    const session = lying(granted, plan.lie, usdc.address);
    const budgetIndex = budgetIndexOf(session, usdc.address);
    const meter = this.#model.budgetOf(session, budgetIndex);
    const slot = slotOf(this.#scene, session, budgetIndex, plan.slot);
    const worth = slotWorth(slotBudgetOf(session.budgets[budgetIndex] as Budget), slot.size);
    const period = meter.period + BigInt(plan.period);
    if (period < 0n) return undefined;
    const transfer = {
      from: session.account,
      to: partyOf(this.#scene, plan.to),
      value: { worth, "worth + 1": worth + 1n, half: worth / 2n, zero: 0n }[plan.value],
      validAfter: { always: 0n, "a second ago": now - 1n, now }[plan.validAfter],
      validBefore: { later: now + 300n, "in a second": now + 1n, now }[plan.validBefore],
      nonce: slotNonce(hashSession(session), budgetIndex, period, slot),
    };
    const signer = plan.signature === "good" ? this.#keyOf(session) : stranger;
    const { r, s, yParity } = parseSignature(await signer.sign({ hash: transferDigest(transfer, usdc) }));
    const signature = { r, s, yParity: yParity as number };
    const grant = plan.carries === "nothing" ? undefined : await this.#grantOf(granted, plan.carries);
    const payload = packPayload({
      session,
      budgetIndex,
      slot,
      transfer,
      domain: usdc,
      signature,
      ...(grant ? { grant } : {}),
    });
    const good = plan.carries === "good" && plan.lie === "none";
    const wrapped = this.#ground.wrap(this.#safe, transfer, payload);
    return {
      authorization: {
        session,
        budgetIndex,
        period,
        slot,
        ...transfer,
        keySigned: plan.signature === "good",
        carries:
          plan.carries === "nothing" ? "nothing" : good ? "good" : plan.carries === "none" ? "none" : "bad",
      },
      digest: transferDigest(transfer, usdc),
      payload,
      signature: wrapped,
      call: transferCall(transfer, wrapped),
    };
  }

  /* COMPARING */

  /** The model's outcome and the chain's ending must agree, error by error and charge by charge. */
  #compare(name: string, { refusals, charges }: Outcome, ending: Ending): void {
    if ("charges" in ending) {
      this.#count(`${name}: accepted`);
      if (refusals.length > 0) throw new Error(`accepted, the model refuses: ${print(refusals)}`);
      if (print(sorted(ending.charges)) !== print(sorted(charges))) {
        throw new Error(`charged ${print(ending.charges)}, the model charges ${print(charges)}`);
      }
      return;
    }
    const error = this.#ground.errorIn(ending.revert);
    this.#count(`${name}: ${error?.name ?? ending.revert}`);
    if (!error) throw new Error(`reverted with ${ending.revert}, the model says ${print(refusals)}`);
    if (!refusals.some((refusal) => isRefusal(refusal, error.name, error.args))) {
      throw new Error(`refused: ${print(error)}; the model says: ${print(refusals)}`);
    }
  }

  async #compareReadings(): Promise<void> {
    const { ledger, place } = this.#model;
    const usdc = this.#ground.usdc.address;
    const readings: { of: string; question: Question; expected: unknown; read: (answer: Hex) => unknown }[] =
      [];
    for (const holder of this.#holders()) {
      const question = this.#tokenQuestion("balanceOf", [holder]);
      readings.push({
        of: `USDC of ${holder}`,
        question,
        expected: ledger.balance(usdc, holder),
        read: hexToBigInt,
      });
    }
    for (const spender of [exchange, payees[0], payees[1]]) {
      const question = this.#tokenQuestion("allowance", [place.account, spender]);
      const expected = ledger.allowance(usdc, place.account, spender);
      readings.push({ of: `allowance of ${spender}`, question, expected, read: hexToBigInt });
    }
    for (const session of this.#sessions) {
      const id = hashSession(session);
      const state = this.#question("stateOf", [id, session.account]);
      const stateIn = (answer: Hex) => STATES[Number(answer)];
      readings.push({
        of: `state of ${id}`,
        question: state,
        expected: this.#model.stateOf(id),
        read: stateIn,
      });
      for (const index of session.budgets.keys()) {
        const { period, released, spent, resetsAt } = this.#model.budgetOf(session, index);
        readings.push({
          of: `budget ${index} of ${id}`,
          question: this.#question("budgetOf", [session, BigInt(index)]),
          expected: print([period, released, spent, resetsAt]),
          read: (answer) => print(this.#ground.decode("budgetOf", answer)),
        });
      }
    }
    const epoch = this.#question("epochOf", [place.account]);
    readings.push({ of: "epoch", question: epoch, expected: this.#model.epoch, read: hexToBigInt });

    const answers = await this.#ground.ask(readings.map(({ question }) => question));
    for (const [index, { of, expected, read }] of readings.entries()) {
      const given = read(answers[index] as Hex);
      if (given !== expected)
        throw new Error(`${of}: the chain says ${print(given)}, the model ${print(expected)}`);
    }
    for (const holder of this.#holders()) {
      const given = await this.#ground.balanceOf(holder);
      const expected = ledger.balance(NATIVE, holder);
      if (given !== expected)
        throw new Error(`ether of ${holder}: the chain says ${given}, the model ${expected}`);
    }
  }

  async #expectAnswer(functionName: string, args: readonly unknown[], expected: unknown): Promise<void> {
    const [answer] = await this.#ground.ask([this.#question(functionName, args)]);
    const given = this.#ground.decode(functionName, answer as Hex);
    if (given !== expected)
      throw new Error(`${functionName}: the chain says ${print(given)}, the model ${print(expected)}`);
  }

  /** Adds to what a session has moved in a period over both rails: the limit that everything is about. */
  #move(session: Session, token: Address, period: bigint, amount: bigint): void {
    const of = `${hashSession(session)}/${token}/${period}`;
    const moved = (this.#moved.get(of) ?? 0n) + amount;
    this.#moved.set(of, moved);
    const { perPeriod } = budgetOfToken(session, token) as Budget;
    if (moved > perPeriod) throw new Error(`${moved} moved in period ${period}, perPeriod is ${perPeriod}`);
  }

  #holders(): Address[] {
    return [this.#safe.address, ...payees, outsider, exchange];
  }

  #question(functionName: string, args: readonly unknown[]): Question {
    return { to: this.#ground.module, data: this.#ground.encode(functionName, args) };
  }

  #tokenQuestion(functionName: "balanceOf" | "allowance", args: readonly Address[]): Question {
    const data = encodeFunctionData({ abi: tokenAbi, functionName, args } as Parameters<
      typeof encodeFunctionData
    >[0]);
    return { to: this.#ground.usdc.address, data };
  }

  #count(what: string): void {
    this.#tally.set(what, (this.#tally.get(what) ?? 0) + 1);
  }
}

/** A call of transferWithAuthorization with a signature of bytes. */
const transferCall = (
  { from, to, value, validAfter, validBefore, nonce }: Omit<Parameters<typeof transferDigest>[0], never>,
  signature: Hex,
): Hex =>
  encodeFunctionData({
    abi: tokenAbi,
    functionName: "transferWithAuthorization",
    args: [from, to, value, validAfter, validBefore, nonce, signature],
  });

const sorted = <T extends { token: Address }>(charges: readonly T[]): T[] =>
  charges.toSorted((a, b) => (a.token.toLowerCase() < b.token.toLowerCase() ? -1 : 1));
