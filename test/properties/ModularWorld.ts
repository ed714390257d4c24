import { PLENTY_OF_GAS, paymasterHead } from "@latchkey/devchain";
import {
  type Abi,
  concat,
  decodeErrorResult,
  decodeEventLog,
  decodeFunctionResult,
  encodeFunctionData,
  type Hex,
  hexToBigInt,
  isAddressEqual,
  type Log,
  numberToHex,
  pad,
  parseAbi,
  slice,
  zeroAddress,
} from "viem";
import { entryPoint07Abi, type PackedUserOperation } from "viem/account-abstraction";
import type { Session } from "#sdk/session/Session.ts";
import { artifact } from "../environment/artifact.ts";
import { PAYMASTER_GAS } from "../environment/erc7579/Paymaster.ts";
import {
  chargesOf,
  costOf,
  ERC7579Model,
  type ModuleType,
  type OpGas,
  type OpPayment,
  type Payer,
  type SessionOp,
} from "../model/ERC7579Model.ts";
import type { Outcome } from "../model/SessionModel.ts";
import { hashSession, paymentUserOpDigest } from "../model/typedData.ts";
import { outsider, relayer, stranger } from "./actors.ts";
import { amountOf, callsOf, partyOf } from "./callsOf.ts";
import type { ModularPart, PlayedAccount } from "./PlayedAccount.ts";
import type { Ending, Playground } from "./Playground.ts";
import { installedBytes, packSession, sessionBytes } from "./packSession.ts";
import { print } from "./print.ts";
import {
  budgetIndexOf,
  type GranterPlan,
  type GrantPlan,
  type LeftOutPlan,
  leftOutOf,
  type OpPaymentPlan,
  type OpPlan,
  type Scenario,
  type SessionPlan,
  type StepPlan,
} from "./scenario.ts";
import { deform, lying } from "./spoil.ts";
import { paymentCallData, userOpCallData } from "./userOpForms.ts";
import { CARRIED, type Reading, type Tally, World } from "./World.ts";

const accountAbi = parseAbi([
  "function isModuleInstalled(uint256 moduleTypeId, address module, bytes additionalContext) view returns (bool)",
]);

const MODULE_TYPES = { validator: 1n, executor: 2n } as const;

/** A userOp for the model and for the chain. */
type MadeOp = { op: SessionOp; packed: PackedUserOperation };

const pair = (high: bigint, low: bigint): Hex =>
  concat([numberToHex(high, { size: 16 }), numberToHex(low, { size: 16 })]);

const NOTHING_LEFT_OUT: LeftOutPlan = { usdc: false, native: false, actions: false, needed: false };

/** What any of the EntryPoints may revert with: 0.9 has errors that the older ones say in words. */
const entryPointErrors = artifact("aa09/artifacts/EntryPoint.json").abi as Abi;

/** What no payer could pay. */
const BEYOND: Partial<Record<OpPlan["gas"], Partial<OpGas>>> = {
  "a fee past all bounds": { fee: 2n ** 120n },
  "the greatest fee within bounds": { fee: 2n ** 120n - 1n },
  // For nothing, which an allowance covers.
  "verification past all bounds": { verification: 2n ** 120n, fee: 0n },
  "execution past all bounds": { call: 2n ** 127n, fee: 0n },
  "preVerification past all bounds": { preVerification: 2n ** 255n },
  "a product that wraps around": { preVerification: 2n ** 255n, fee: 2n },
};

/** The world of an ERC-7579 account: userOps, and a module that comes and goes. */
export class ModularWorld extends World {
  readonly #model: ERC7579Model;
  readonly #modular: ModularPart;

  constructor(ground: Playground, account: PlayedAccount, tally: Tally) {
    super(ground, account, tally);
    const { model } = this.scene;
    if (!(model instanceof ERC7579Model) || !account.modular) throw new Error("no ERC-7579 account");
    this.#model = model;
    this.#modular = account.modular;
  }

  /** The module is installed with the sessions that are to be enabled. */
  protected override async begin({ sessions, enabled, granter }: Scenario): Promise<void> {
    const made = sessions.map((plan, index) => this.renew(index as 0 | 1, plan));
    this.#model.now++;
    await this.#install(
      ["validator", "executor"],
      this.#granterOf(granter),
      made.filter((_, index) => enabled[index]),
    );
  }

  /** Where the module is not installed as both types, it is installed first: nothing else can be put right. */
  protected override sound(step: StepPlan): StepPlan {
    if (this.#model.executes() && this.#model.asks()) return super.sound(step);
    const { when, session, revives } = step;
    const types = ["validator" as const, "executor" as const];
    const sessions = session === 0 || !revives ? "this" : "none";
    const install = {
      step: "install",
      types,
      missing: true,
      granter: "the owner",
      sessions,
      leftOut: NOTHING_LEFT_OUT,
    } as const;
    // What does not revive is refused for one reason alone: the session is revoked, or of the epoch before.
    const revokes = !revives && session === 0;
    if ((revives || revokes) && this.isOver(session)) this.renew(session, this.plans[session] as SessionPlan);
    return { when, session, revives, sound: true, ...install, revokes };
  }

  protected override soundGrant(): GrantPlan {
    const { good, weak } = this.#modular.grants;
    const { granter } = this.#model;
    return weak.startsWith(granter) && !good.startsWith(granter) ? "by a weak validator" : "good";
  }

  protected override async step(step: StepPlan): Promise<void> {
    switch (step.step) {
      case "userOp":
        return this.#handle(this.session(step.session), step.ops);
      case "install": {
        const types = step.types.filter((type) => !step.missing || !this.#model.installed.has(type));
        if (types.length === 0) return this.pass("install: nothing is missing");
        const sessions = { none: [], this: [this.session(step.session)], both: this.sessions };
        const revoked = step.revokes ? hashSession(this.session(step.session)) : undefined;
        return this.#install(types, this.#granterOf(step.granter), sessions[step.sessions], {
          revoked,
          plan: step.leftOut,
        });
      }
      case "uninstall": {
        const ending = await this.asAccount(...(await this.#modular.uninstallation(step.types)));
        const [answer] = await this.ground.ask([this.question("epochOf", [this.account.address])]);
        const epoch = hexToBigInt(answer as Hex);
        if ("charges" in ending && epoch === this.#model.epoch) throw new Error("the epoch is as it was");
        return this.compare("uninstall", this.#model.uninstall(step.types, epoch), ending);
      }
      default:
        return super.step(step);
    }
  }

  async #install(
    types: readonly ModuleType[],
    granter: Hex,
    sessions: readonly Session[],
    { revoked, plan = NOTHING_LEFT_OUT }: { revoked?: Hex | undefined; plan?: LeftOutPlan } = {},
  ): Promise<void> {
    const bytes = sessions.map((session) => installedBytes(session, leftOutOf(session, plan)));
    const installation = this.#modular.installation(types, granter, bytes);
    const revocation = revoked ? [this.callOf("revoke", [revoked])] : [];
    const ending = await this.asAccount(...revocation, ...installation);
    const leftOutOfEach = (session: Session) => leftOutOf(session, plan);
    const outcome = this.#model.install(types, granter, sessions, { revoked, leftOutOf: leftOutOfEach });
    this.compare("install", outcome, ending);
  }

  #granterOf(plan: GranterPlan): Hex {
    const { good, weak } = this.#modular.grants;
    return {
      "left as it is": "0x" as const,
      "the owner": good,
      "a part of the owner": slice(good, 0, 1),
      "the weak": weak,
      "nobody's": "0x0123456789" as const,
      "too long": concat([good, numberToHex(0n, { size: 24 })]),
    }[plan];
  }

  /* ERC-4337 */

  async #handle(session: Session, plans: readonly OpPlan[]): Promise<void> {
    const { entryPoint, nonceKey } = this.#modular;
    const [nonce] = await this.ground.ask([
      { to: entryPoint, data: encode("getNonce", [this.account.address, nonceKey]) },
    ]);
    const made: MadeOp[] = [];
    for (const [index, plan] of plans.entries()) {
      made.push(await this.#makeOp(session, plan, hexToBigInt(nonce as Hex) + BigInt(index)));
    }
    const ops = made.map(({ op }) => op);
    const handling = this.#model.handle(ops);
    const args = [made.map(({ packed }) => packed), relayer.address];
    const { now } = this.#model;
    const ending = await this.ground.send(now, relayer.address, entryPoint, encode("handleOps", args));

    if ("revert" in ending) {
      const failure = failureIn(ending.revert);
      this.count(`userOp: ${failure.slice(0, 4)}`);
      const expected = "failures" in handling ? handling.failures : [];
      if (expected.some((one) => one.test(failure))) return;
      throw new Error(`the EntryPoint says ${failure}, the model ${print(expected.map(String))}`);
    }
    if ("failures" in handling) throw new Error(`included, the model says ${handling.failures}`);
    this.#compareExecutions(ops, handling.executions, ending);
  }

  /** Which of the userOps went well, what they charged, and that none cost more gas than its session was charged. */
  #compareExecutions(
    ops: readonly SessionOp[],
    executions: readonly Outcome[],
    ending: Extract<Ending, { logs: Log[] }>,
  ): void {
    const events = ending.logs.flatMap((log) => this.#entryPointEvent(log));
    const ended = events.flatMap((event) => (event.eventName === "UserOperationEvent" ? [event.args] : []));
    for (const [index, outcome] of executions.entries()) {
      const { success, actualGasCost, nonce } = ended[index] as (typeof ended)[number];
      const { session, gas, payment } = ops[index] as SessionOp;
      const name = payment ? "payment" : "userOp";
      if (actualGasCost > costOf(gas))
        throw new Error(`it cost ${actualGasCost}, charged was ${costOf(gas)}`);
      if (success) {
        this.count(executions.length > 1 ? `${name}s together: executed` : `${name}: executed`);
        if (outcome.refusals.length > 0)
          throw new Error(`executed, the model says ${print(outcome.refusals)}`);
        for (const { token, period, amount } of outcome.charges) this.move(session, token, period, amount);
      } else {
        if (outcome.refusals.length === 0) throw new Error("its execution failed, the model's does not");
        const told = events.find(
          (event) => event.eventName === "UserOperationRevertReason" && event.args.nonce === nonce,
        );
        const reason = told?.eventName === "UserOperationRevertReason" ? told.args.revertReason : "0x";
        this.compareRefusal(`${name} executed`, outcome.refusals, payment ? "0x" : reason);
      }
    }
    // Payments are charged where they are validated, and all of a bundle is validated before any of it is executed.
    const inOrder = [true, false].flatMap((charged) =>
      executions.filter((_, index) => (ops[index]?.payment !== undefined) === charged),
    );
    this.compareCharges(chargesOf(inOrder), ending.charges);
  }

  #entryPointEvent({ address, topics, data }: Log) {
    if (!isAddressEqual(address, this.#modular.entryPoint)) return [];
    return [decodeEventLog({ abi: entryPoint07Abi, topics, data })];
  }

  /** Makes a userOp, and holds what the module says of it against what the model says. */
  async #makeOp(granted: Session, plan: OpPlan, nonce: bigint): Promise<MadeOp> {
    const { entryPoint, paymaster } = this.#modular;
    const { module } = this.ground;
    const session = lying(granted, plan.lie, this.ground.usdc.address);
    const calls = plan.calls.flatMap((call) => callsOf(this.scene, granted, call));
    const grant = await this.grantOf(granted, plan.grant);
    const gas = this.#gasOf(session, plan);
    const leftOut = leftOutOf(session, plan.leftOut);
    const execution = this.ground.encode("execute", [sessionBytes(session, leftOut), grant, calls]);
    const revokeAll = this.ground.encode("revokeAll", []);
    const payment = plan.payment && this.#paymentOf(granted, plan.payment);
    let packed: PackedUserOperation = {
      sender: this.account.address,
      nonce,
      initCode: "0x",
      callData:
        payment && plan.payment
          ? paymentCallData(plan.payment.form, payment)
          : userOpCallData(plan.form, { module, execution, revokeAll }),
      accountGasLimits: pair(gas.verification, gas.call),
      preVerificationGas: gas.preVerification,
      // The chain's own fee is 0: so the most is what is paid.
      gasFees: pair(gas.fee, gas.fee),
      paymasterAndData: paymasterData(plan.payer),
      signature: "0x",
    };
    if (plan.payer === "the sponsor") packed = await paymaster.sponsor(packed);
    const [hash] = await this.ground.ask([{ to: entryPoint, data: encode("getUserOpHash", [packed]) }]);
    const signer = plan.signature === "of a stranger" ? stranger : this.keyOf(session);
    const signed =
      payment && plan.payment ? this.#digestOf(session, plan.payment, payment, hash as Hex) : hash;
    const keySignature = deform(await signer.sign({ hash: signed as Hex }), signedAs(plan));
    const signature = payment
      ? concat([
          keySignature,
          numberToHex(payment.period, { size: 6 }),
          session.key,
          packSession(session, leftOut),
          grant,
          // An account's own call does not end in an address.
          pad("0x", { size: 20 }),
        ])
      : keySignature;
    packed = { ...packed, signature };

    const isGranted = CARRIED[plan.grant] !== "good" || hashSession(session) === hashSession(granted);
    const op: SessionOp = {
      session,
      leftOut,
      grant: isGranted ? CARRIED[plan.grant] : "bad",
      calls: payment ? [] : calls,
      ...(payment ? { payment } : {}),
      canonical: (plan.payment ?? plan).form === "canonical",
      payer: payerOf(plan.payer, paymaster.address),
      gas,
      keySigned: plan.signature === "good" && (plan.payment?.signs ?? "this") === "this",
      hopeless: plan.gas in BEYOND || ["another", "nobody", "too short"].includes(plan.payer),
    };
    const data = this.ground.encode("validateUserOp", [packed, hash]);
    const answer = await this.ground.call(this.account.address, module, data);
    const given = "answer" in answer ? hexToBigInt(answer.answer) : answer.revert;
    const expected = this.#model.validationOf(op);
    if (given !== expected)
      throw new Error(`the module says ${given} of ${print(plan)}, the model ${expected}`);
    this.#countValidation(op);
    return { op, packed };
  }

  /** The payment that a plan means for the session, as its budgets stand now. */
  #paymentOf(session: Session, plan: OpPaymentPlan): OpPayment {
    const { usdc } = this.ground;
    const token = { usdc: usdc.address, "the native coin": zeroAddress, "one without a budget": outsider }[
      plan.token
    ];
    const index = Math.max(budgetIndexOf(session, token), 0);
    const { period: present } = this.#model.budgetOf(session, index);
    const seconds = session.budgets[index]?.period as number;
    const last = BigInt(Math.ceil((session.validUntil - session.validAfter) / seconds)) - 1n;
    const period = {
      now: present,
      before: present > 0n ? present - 1n : 0n,
      behind: present + 1n,
      "the last": last,
      "past the last": last + 1n,
      "the greatest number": 2n ** 48n - 1n,
    }[plan.period];
    return {
      token,
      to: partyOf(this.scene, plan.to),
      amount: amountOf(this.scene, session, token, plan.amount),
      period,
    };
  }

  #digestOf(session: Session, { signs }: OpPaymentPlan, { period }: OpPayment, userOpHash: Hex): Hex {
    if (signs === "the bare hash") return userOpHash;
    const id = hashSession(signs === "another session" ? lying(session, "salt", zeroAddress) : session);
    const signed = { session: id, period: signs === "another period" ? period ^ 1n : period, userOpHash };
    return paymentUserOpDigest(signed, this.ground.module, this.ground.chainId);
  }

  /** A no counts for a rule only where no other rule would have said it. */
  #countValidation(op: SessionOp): void {
    const broken = this.#model.brokenBy(op);
    const isNew = this.#model.stateOf(hashSession(op.session)) === "UNKNOWN";
    const of = op.payment ? "payment" : "validation";
    if (broken.length === 0) this.count(`${of}: yes, ${isNew ? `${op.grant} grant` : "enabled"}`);
    else this.count(broken.length === 1 ? `${of}: no but for ${broken[0]}` : `${of}: no`);
  }

  #gasOf(session: Session, { gas: plan, payer }: OpPlan): OpGas {
    const { verification, call, preVerification } = PLENTY_OF_GAS;
    const isSponsored = payer !== "the account" && payer !== "too short";
    const plain: OpGas = {
      verification,
      call,
      preVerification,
      paymasterVerification: isSponsored ? PAYMASTER_GAS.verification : 0n,
      paymasterPostOp: isSponsored ? PAYMASTER_GAS.postOp : 0n,
      fee: 1n,
    };
    if (plan === "free") return { ...plain, fee: 0n };
    if (plan === "dear") return { ...plain, fee: 2n };
    if (plan === "all that is left" || plan === "a wei more than is left") {
      const left = session.gasAllowance - this.#model.gasSpentBy(hashSession(session));
      const room = left - costOf({ ...plain, preVerification: 0n }) + (plan === "all that is left" ? 0n : 1n);
      // Where nothing is counted, or less is left than a userOp needs, there is no such number.
      return room < 0n || room > 2n ** 40n ? plain : { ...plain, preVerification: room };
    }
    return { ...plain, ...BEYOND[plan] };
  }

  /* COMPARING */

  protected override readings(): Reading[] {
    const { address } = this.account;
    const { module } = this.ground;
    const decoded = (functionName: string) => (answer: Hex) => this.ground.decode(functionName, answer);
    const readings: Reading[] = [
      {
        of: "the granter",
        question: this.question("granterOf", [address]),
        expected: this.#model.granter.toLowerCase(),
        read: decoded("granterOf"),
      },
      {
        of: "isInitialized",
        question: this.question("isInitialized", [address]),
        expected: this.#model.isInitialized,
        read: decoded("isInitialized"),
      },
    ];
    for (const session of this.sessions) {
      const id = hashSession(session);
      readings.push({
        of: `gas of ${id}`,
        question: this.question("gasSpentBy", [id, address]),
        expected: this.#model.gasSpentBy(id),
        read: decoded("gasSpentBy"),
      });
    }
    for (const [name, type] of Object.entries(MODULE_TYPES) as [keyof typeof MODULE_TYPES, bigint][]) {
      const functionName = "isModuleInstalled";
      const data = encodeFunctionData({ abi: accountAbi, functionName, args: [type, module, "0x"] });
      readings.push({
        of: `installed as ${name}`,
        question: { to: address, data },
        expected: this.#model.installed.has(name),
        read: (answer) => decodeFunctionResult({ abi: accountAbi, functionName, data: answer }),
      });
    }
    return [...super.readings(), ...readings];
  }
}

const encode = (functionName: "getNonce" | "getUserOpHash" | "handleOps", args: readonly unknown[]): Hex =>
  encodeFunctionData({ abi: entryPoint07Abi, functionName, args } as Parameters<
    typeof encodeFunctionData
  >[0]);

/** The EntryPoint's word for why it refuses a userOp, of which it tells some by plain text, or by an error of their own. @throws Any other revert. */
function failureIn(revert: Hex): string {
  // A paymaster without code, for example.
  if (revert === "0x") return "no reason";
  const { errorName, args = [] } = decodeErrorResult({ abi: entryPointErrors, data: revert });
  if (errorName === "FailedOp" || errorName === "FailedOpWithRevert") return `${args[1]}`;
  return errorName === "Error" ? `${args[0]}` : errorName;
}

const signedAs = ({ signature }: OpPlan) => (signature === "of a stranger" ? "good" : signature);

const paymasterData = (payer: OpPlan["payer"]): Hex => {
  const head = (who: typeof outsider) => paymasterHead(who, PAYMASTER_GAS.verification, PAYMASTER_GAS.postOp);
  switch (payer) {
    case "another":
      return head(outsider);
    case "nobody":
      return head(zeroAddress);
    case "too short":
      return slice(head(outsider), 0, 51);
    default:
      return "0x";
  }
};

const payerOf = (payer: OpPlan["payer"], sponsor: typeof outsider): Payer =>
  (
    ({
      "the account": "account",
      "the sponsor": { paymaster: sponsor },
      another: { paymaster: outsider },
      nobody: { paymaster: zeroAddress },
      "too short": "malformed",
    }) as const
  )[payer];
