import { expect } from "chai";
import { type Address, concat, type Hex, numberToHex, pad, zeroAddress } from "viem";
import { ANYONE, type Budget, type Call, type Session } from "#sdk/session/Session.ts";
import { Ledger, NATIVE } from "./Ledger.ts";
import { type LeftOut, WHOLE } from "./LeftOut.ts";
import { type Authorization, type Outcome, SessionModel, type Target } from "./SessionModel.ts";
import type { Slot } from "./SlotRule.ts";
import { hashSession, slotNonce } from "./typedData.ts";

const party = (n: number): Address => numberToHex(n, { size: 20 });
const [account, module, fallbackHandler, key, usdc, shop, router, stranger] = [1, 2, 3, 4, 5, 6, 7, 8].map(
  (n) => party(0xa000 + n),
) as [Address, Address, Address, Address, Address, Address, Address, Address];
const ROUTE: Hex = "0x12345678";
const DAY = 86_400;
const START = 1_000_000;
const cents = (n: number): bigint => BigInt(n) * 10_000n;

/** $1 a transaction, $20 a day, five slot sizes, to one shop and one router; three days and an hour. */
function session(budget: Partial<Budget> = {}, changes: Partial<Session> = {}): Session {
  return {
    account,
    key,
    validAfter: START,
    validUntil: START + 3 * DAY + 3600,
    epoch: 0n,
    salt: 0n,
    gasAllowance: 0n,
    paymaster: zeroAddress,
    budgets: [
      {
        token: usdc,
        perTransaction: cents(100),
        perPeriod: cents(2000),
        period: DAY,
        initial: 0n,
        perSecond: 0n,
        signatures: 1,
        sizes: 5,
        recipients: [shop, router],
        ...budget,
      },
    ],
    actions: [{ target: router, selector: ROUTE, rules: [] }],
    ...changes,
  };
}

const tokenCall = (selector: Hex, to: Address, amount: bigint): Call => ({
  target: usdc,
  value: 0n,
  data: concat([selector, pad(to), numberToHex(amount, { size: 32 })]),
});
const pay = (amount: bigint, to = shop) => tokenCall("0xa9059cbb", to, amount);
const approve = (amount: bigint, to = router) => tokenCall("0x095ea7b3", to, amount);

/** The router takes the first word of the account's money and gives the second of its own. */
const route = (take: bigint, give = 0n): Call => ({
  target: router,
  value: 0n,
  data: concat([ROUTE, numberToHex(take, { size: 32 }), numberToHex(give, { size: 32 })]),
});
const routes: Target = (ledger, { data }) =>
  data === "0x" ||
  (ledger.pull(usdc, router, account, router, BigInt(`0x${data.slice(10, 74)}`)) &&
    ledger.move(usdc, router, account, BigInt(`0x${data.slice(74, 138)}`)));
const takesNoEther: Target = () => false;

const names = ({ refusals }: Outcome) => refusals.map(({ name }) => name);

describe("the model of spending", () => {
  let model: SessionModel;

  beforeEach(() => {
    const ledger = new Ledger();
    ledger.setBalance(usdc, account, cents(100_000));
    ledger.setBalance(usdc, router, cents(100_000));
    ledger.setBalance(NATIVE, account, 1_000n);
    ledger.setAllowance(usdc, account, router, cents(50_000));
    const contracts = new Map([
      [router, routes],
      [usdc, takesNoEther],
    ]);
    model = new SessionModel({ account, module, fallbackHandler }, ledger, contracts);
    model.now = BigInt(START);
  });

  const execute = (of: Session, ...calls: Call[]) =>
    model.execute(of, "good", calls, { kind: "execute", sender: key });

  const authorization = (of: Session, slot: Slot, value: bigint): Authorization => ({
    session: of,
    method: "eip3009",
    budgetIndex: 0,
    period: model.budgetOf(of, 0).period,
    slot,
    to: shop,
    value,
    validAfter: 0n,
    validBefore: 2n ** 48n,
    keySigned: true,
    carries: "good",
    leftOut: WHOLE,
  });

  it("takes $1.00 of a day that has $1.30 left, and then refuses $0.31 until the next day", () => {
    const of = session({ signatures: 0, sizes: 0 });
    for (let payment = 0; payment < 18; payment++) expect(names(execute(of, pay(cents(100))))).to.be.empty;
    expect(names(execute(of, pay(cents(70))))).to.be.empty;
    expect(names(execute(of, pay(cents(101))))).to.deep.equal(["PerTransactionExceeded"]);
    expect(names(execute(of, pay(cents(100))))).to.be.empty;
    expect(execute(of, pay(cents(31))).refusals).to.deep.equal([
      { name: "PeriodExceeded", args: [usdc, cents(31), cents(30), BigInt(START + DAY)] },
    ]);
    model.now = BigInt(START + DAY - 1);
    expect(names(execute(of, pay(cents(31))))).to.deep.equal(["PeriodExceeded"]);
    model.now++;
    expect(names(execute(of, pay(cents(31))))).to.be.empty;
  });

  it("counts what several calls pay as one transaction", () => {
    expect(names(execute(session(), pay(cents(60)), pay(cents(41))))).to.deep.equal([
      "PerTransactionExceeded",
    ]);
    expect(model.ledger.balance(usdc, shop)).to.equal(0n);
    expect(names(execute(session(), pay(cents(60)), pay(cents(40))))).to.be.empty;
  });

  it("releases a stream each second, up to perPeriod, resetting each period", () => {
    const of = session({ signatures: 0, sizes: 0, initial: cents(10), perSecond: cents(1) });
    expect(model.budgetOf(of, 0).released).to.equal(cents(10));
    model.now += 5n;
    expect(model.budgetOf(of, 0).released).to.equal(cents(15));
    expect(names(execute(of, pay(cents(16))))).to.deep.equal(["PeriodExceeded"]);
    expect(names(execute(of, pay(cents(15))))).to.be.empty;
    model.now = BigInt(START + DAY - 1);
    expect(model.budgetOf(of, 0).released).to.equal(cents(2000));
    model.now++;
    expect(model.budgetOf(of, 0)).to.deep.equal({
      period: 1n,
      released: cents(10),
      spent: 0n,
      resetsAt: BigInt(START + 2 * DAY),
    });
  });

  it("ends the last period where the session ends", () => {
    model.now = BigInt(START + 3 * DAY);
    expect(model.budgetOf(session(), 0).resetsAt).to.equal(BigInt(START + 3 * DAY + 3600));
    model.now = BigInt(START + 3 * DAY + 3599);
    expect(names(execute(session(), pay(1n)))).to.be.empty;
    model.now++;
    expect(names(execute(session(), pay(1n)))).to.deep.equal(["Expired"]);
  });

  it("charges what a router pulls through a pre-existing approval", () => {
    expect(names(execute(session(), route(cents(101))))).to.deep.equal(["PerTransactionExceeded"]);
    expect(execute(session(), route(cents(99))).charges).to.deep.equal([
      { token: usdc, period: 0n, amount: cents(99) },
    ]);
  });

  it("offsets income within one call, but never against another call", () => {
    expect(execute(session(), route(cents(50), cents(30))).charges[0]?.amount).to.equal(cents(20));
    expect(execute(session(), route(cents(50)), route(0n, cents(50))).charges[0]?.amount).to.equal(cents(50));
    expect(execute(session(), route(0n, cents(50))).charges).to.be.empty;
  });

  it("requires every approval in a batch to be used up or reset", () => {
    expect(names(execute(session(), approve(cents(5))))).to.deep.equal(["AllowanceLeft"]);
    expect(names(execute(session(), approve(cents(5)), route(cents(4))))).to.deep.equal(["AllowanceLeft"]);
    expect(names(execute(session(), approve(cents(5)), route(cents(5))))).to.be.empty;
    expect(names(execute(session(), approve(cents(5)), approve(0n)))).to.be.empty;
  });

  it("spends nothing where an execution fails", () => {
    model.ledger.setBalance(usdc, account, cents(50));
    expect(names(execute(session(), pay(cents(40)), pay(cents(20))))).to.deep.equal(["CallFailed"]);
    expect(model.ledger.balance(usdc, account)).to.equal(cents(50));
    expect(model.budgetOf(session(), 0).spent).to.equal(0n);
    expect(model.stateOf(hashSession(session()))).to.equal("UNKNOWN");
  });

  it("executes native coin payments to a contract first, and checks the limits first for anyone else", () => {
    const native = {
      token: NATIVE,
      perTransaction: 5n,
      perPeriod: 5n,
      signatures: 0,
      sizes: 0,
      recipients: [ANYONE],
    };
    const [usd] = session().budgets as [Budget];
    const of = session({}, { budgets: [usd, { ...usd, ...native }] });
    const send = (target: Address, value: bigint): Call => ({ target, value, data: "0x" });
    // The router, asked for nothing, takes what it is sent; the token takes no ether.
    expect(names(execute(of, send(router, 6n), send(usdc, 0n)))).to.deep.equal(["CallFailed"]);
    expect(names(execute(of, pay(cents(101)), send(usdc, 0n)))).to.deep.equal(["CallFailed"]);
    expect(names(execute(of, send(router, 6n)))).to.include("PerTransactionExceeded");
    expect(execute(of, send(router, 5n)).charges).to.deep.equal([{ token: NATIVE, period: 0n, amount: 5n }]);
    model.now += BigInt(DAY);
    const unpayable = pay(cents(50));
    model.ledger.setBalance(usdc, account, 0n);
    expect(names(execute(of, send(shop, 6n), unpayable))).to.include("PerTransactionExceeded");
    expect(names(execute(of, send(shop, 5n), unpayable))).to.deep.equal(["CallFailed"]);
  });

  it("rejects every other call to a token, and every unlisted recipient", () => {
    const permit: Call = { target: usdc, value: 0n, data: "0xd505accf" };
    expect(names(execute(session(), permit))).to.deep.equal(["CallNotAllowed"]);
    expect(names(execute(session(), pay(1n, stranger)))).to.deep.equal(["RecipientNotAllowed"]);
    expect(names(execute(session(), approve(1n, stranger)))).to.deep.equal(["RecipientNotAllowed"]);
    expect(names(execute(session({ recipients: [ANYONE] }), pay(1n, stranger)))).to.be.empty;
  });

  it("shares one budget between executions and signed payments", () => {
    const of = session({ perPeriod: cents(200) });
    const [first, second] = [0n, 1n].map((lot) => authorization(of, { lot, size: 0, index: 0n }, cents(100)));
    expect(names(execute(of, pay(cents(30))))).to.be.empty;
    expect(model.settle(second as Authorization)).to.equal("invalid signature");
    expect(model.settle(first as Authorization)).to.equal("settled");
    expect(names(execute(of, pay(cents(70))))).to.be.empty;
    expect(execute(of, pay(1n)).refusals).to.deep.equal([{ name: "LotOpened", args: [usdc, 0n] }]);
  });

  it("treats pay like an execution of one transfer, for the key only", () => {
    const of = session({ signatures: 0, sizes: 0 });
    const pays = (amount: bigint, { token = usdc, to = shop, sender = key } = {}) =>
      model.pay(of, "good", { token, to, amount }, sender);
    expect(pays(cents(100)).charges).to.deep.equal([{ token: usdc, period: 0n, amount: cents(100) }]);
    expect(model.ledger.balance(usdc, shop)).to.equal(cents(100));
    expect(names(pays(cents(101)))).to.deep.equal(["PerTransactionExceeded"]);
    expect(names(pays(1n, { sender: account }))).to.deep.equal(["NotKey"]);
    expect(names(pays(1n, { to: stranger }))).to.deep.equal(["RecipientNotAllowed"]);
    expect(names(pays(1n, { token: NATIVE }))).to.deep.equal(["ForbiddenTarget"]);
    // The router is the target of an action, which is not a budget.
    expect(names(pays(1n, { token: router }))).to.deep.equal(["CallNotAllowed"]);
    model.ledger.setBalance(usdc, account, 1n);
    expect(names(pays(2n))).to.deep.equal(["CallFailed"]);
    expect(model.budgetOf(of, 0).spent).to.equal(cents(100));
  });

  describe("with omitted parts of an enabled session", () => {
    const native = { token: NATIVE, perTransaction: 5n, perPeriod: 5n, signatures: 0, sizes: 0 };
    const of = session({}, { budgets: session().budgets.flatMap((usd) => [usd, { ...usd, ...native }]) });
    const usdLeftOut: LeftOut = { budgets: [0], actions: false };
    const nativeLeftOut: LeftOut = { budgets: [1], actions: false };
    const actionsLeftOut: LeftOut = { budgets: [], actions: true };
    const send = (target: Address, value: bigint): Call => ({ target, value, data: "0x" });
    const without = (leftOut: LeftOut, ...calls: Call[]) =>
      model.execute(of, "none", calls, { kind: "execute", sender: key }, leftOut).refusals;
    const missing = (parts: bigint) => [{ name: "PartLeftOut", args: [parts] }];

    beforeEach(() => expect(names(model.enable(account, of))).to.be.empty);

    it("needs a payment's own budget and no other", () => {
      expect(without(usdLeftOut, pay(1n))).to.deep.equal(missing(1n));
      expect(without({ budgets: [1], actions: true }, pay(1n))).to.be.empty;
      expect(without(nativeLeftOut, send(shop, 1n))).to.deep.equal(missing(2n));
      expect(without({ budgets: [0], actions: true }, send(shop, 1n))).to.be.empty;
      const payment = { token: usdc, to: shop, amount: 1n };
      expect(model.pay(of, "none", payment, key, usdLeftOut).refusals).to.deep.equal(missing(1n));
      expect(model.pay(of, "none", payment, key, { budgets: [1], actions: true }).refusals).to.be.empty;
    });
    it("needs all budgets for a measured execution", () => {
      for (const calls of [[route(1n)], [pay(1n), send(router, 0n)], [approve(1n), approve(0n)]]) {
        expect(without(WHOLE, ...calls)).to.deep.equal([]);
        expect(without(nativeLeftOut, ...calls)).to.deep.equal(missing(2n));
      }
      expect(without(usdLeftOut, send(router, 1n))).to.deep.equal(missing(1n));
    });
    it("needs the actions for an action, and for nothing else", () => {
      expect(without(actionsLeftOut, route(1n))).to.deep.equal(missing(256n));
      expect(without(actionsLeftOut, approve(1n), approve(0n))).to.be.empty;
      expect(without({ budgets: [0], actions: true }, pay(1n), route(1n))[0]?.args).to.deep.equal([257n]);
    });
    it("reports a missing part as omitted, since it cannot know", () => {
      const forbidden: Call = { target: stranger, value: 0n, data: "0x12345678" };
      expect(without(WHOLE, forbidden)[0]?.name).to.equal("CallNotAllowed");
      expect(without(usdLeftOut, forbidden)).to.deep.equal(missing(1n));
    });
    it("settles a signed payment with only its own budget", () => {
      const slot = { lot: 0n, size: 0, index: 0n };
      const signed = { ...authorization(of, slot, 1n), carries: "nothing" } as const;
      expect(model.says({ ...signed, leftOut: usdLeftOut })).to.equal(false);
      expect(model.says({ ...signed, leftOut: { budgets: [1], actions: true } })).to.equal(true);
    });
  });

  it("rejects an execution into a lot whose opener anyone has used", () => {
    const of = session({ perPeriod: cents(100) });
    model.burn(usdc, slotNonce(hashSession(of), 0, 0n, { lot: 0n, size: 3, index: 0n }));
    expect(names(execute(of, pay(1n)))).to.deep.equal(["LotOpened"]);
    expect(model.settle(authorization(of, { lot: 0n, size: 0, index: 0n }, 1n))).to.equal(
      "invalid signature",
    );
    expect(model.settle(authorization(of, { lot: 0n, size: 3, index: 1n }, 1n))).to.equal("settled");
  });

  it("takes a signed payment in its own period only", () => {
    const late = authorization(session(), { lot: 0n, size: 0, index: 0n }, 1n);
    model.now = BigInt(START + DAY);
    expect(model.settle(late)).to.equal("invalid signature");
    model.now = BigInt(START);
    expect(model.settle(late)).to.equal("settled");
    expect(model.settle(late)).to.equal("used");
  });
});

describe("the model of a session's lifecycle", () => {
  let model: SessionModel;
  const of = session();
  const id = hashSession(of);

  beforeEach(() => {
    const ledger = new Ledger();
    ledger.setBalance(usdc, account, cents(100_000));
    model = new SessionModel({ account, module, fallbackHandler }, ledger, new Map());
    model.now = BigInt(START);
  });

  const use = (grant: "none" | "good" | "bad", sender = key) =>
    names(model.execute(of, grant, [pay(1n)], { kind: "execute", sender }));

  it("is enabled by the first use with a valid grant, and needs none afterwards", () => {
    expect(use("none")).to.deep.equal(["NotGranted"]);
    expect(use("bad")).to.deep.equal(["NotGranted"]);
    expect(use("good")).to.be.empty;
    expect(model.stateOf(id)).to.equal("ENABLED");
    expect(use("none")).to.be.empty;
    expect(use("bad")).to.be.empty;
  });

  it("is permanently revoked, with any grant", () => {
    model.revoke(id);
    expect(use("good")).to.deep.equal(["SessionIsRevoked"]);
    expect(names(model.enable(account, of))).to.deep.equal(["SessionIsRevoked"]);
  });

  it("is only granted and enabled when complete", () => {
    for (const leftOut of [
      { budgets: [0], actions: false },
      { budgets: [], actions: true },
    ]) {
      const execute = (grant: "none" | "good") =>
        names(model.execute(of, grant, [pay(1n)], { kind: "execute", sender: key }, leftOut));
      expect(execute("good")).to.include("PartLeftOut");
      expect(execute("none")).to.include("NotGranted");
      expect(names(model.enable(account, of, leftOut))).to.deep.equal(["PartLeftOut"]);
    }
    expect(model.stateOf(id)).to.equal("UNKNOWN");
    const signed = {
      session: of,
      method: "eip3009",
      budgetIndex: 0,
      period: 0n,
      slot: { lot: 0n, size: 0, index: 0n },
      to: shop,
      value: 1n,
      validAfter: 0n,
      validBefore: 2n ** 48n,
      keySigned: true,
      carries: "good",
    } as const;
    expect(model.says({ ...signed, leftOut: WHOLE })).to.equal(true);
    expect(model.says({ ...signed, leftOut: { budgets: [], actions: true } })).to.equal(false);
    // An empty grant is invalid, and so is the payload.
    expect(names(model.enable(account, of))).to.be.empty;
    expect(model.says({ ...signed, carries: "none", leftOut: WHOLE })).to.equal(false);
    expect(model.says({ ...signed, carries: "nothing", leftOut: WHOLE })).to.equal(true);
  });

  it("is paused and resumed by its account, any number of times, with one event per change", () => {
    expect(model.setPaused(stranger, id, true)).to.equal(true);
    expect(model.isPaused(id)).to.equal(false);
    expect(model.setPaused(account, id, false)).to.equal(false);
    expect(model.setPaused(account, id, true)).to.equal(true);
    expect(model.setPaused(account, id, true)).to.equal(false);
    expect(model.isPaused(id)).to.equal(true);
    expect(model.setPaused(account, id, false)).to.equal(true);
    expect(model.isPaused(id)).to.equal(false);
  });

  it("rejects every use while paused, and is unchanged afterwards", () => {
    const signed: Authorization = {
      session: of,
      method: "eip3009",
      budgetIndex: 0,
      period: 0n,
      slot: { lot: 0n, size: 0, index: 0n },
      to: shop,
      value: 1n,
      validAfter: 0n,
      validBefore: 2n ** 48n,
      keySigned: true,
      carries: "good",
      leftOut: WHOLE,
    };
    const pays = () => names(model.pay(of, "good", { token: usdc, to: shop, amount: 1n }, key));
    for (const enabled of [false, true]) {
      if (enabled) expect(names(model.enable(account, of))).to.be.empty;
      const state = model.stateOf(id);
      model.setPaused(account, id, true);
      expect(use("none")).to.deep.equal(["SessionIsPaused"]);
      expect(use("good")).to.deep.equal(["SessionIsPaused"]);
      expect(pays()).to.deep.equal(["SessionIsPaused"]);
      expect(model.settle(signed)).to.equal("invalid signature");
      expect(model.settle({ ...signed, carries: "nothing" })).to.equal("invalid signature");
      expect(model.stateOf(id)).to.equal(state);
      model.setPaused(account, id, false);
      expect(model.says(signed)).to.equal(true);
    }
    expect(pays()).to.be.empty;
    expect(model.settle(signed)).to.equal("settled");
  });

  it("stays paused when enabled, and REVOKED takes precedence over paused", () => {
    model.setPaused(account, id, true);
    expect(names(model.enable(account, of))).to.be.empty;
    expect(model.isPaused(id)).to.equal(true);
    expect(use("none")).to.deep.equal(["SessionIsPaused"]);
    model.revoke(id);
    expect(use("good")).to.deep.equal(["SessionIsRevoked"]);
    model.setPaused(account, id, false);
    expect(use("good")).to.deep.equal(["SessionIsRevoked"]);
  });

  it("can be renounced by its key only", () => {
    expect(names(model.renounce(stranger, of))).to.deep.equal(["NotKey"]);
    expect(use("good")).to.be.empty;
    expect(names(model.renounce(key, of))).to.be.empty;
    expect(use("good")).to.deep.equal(["SessionIsRevoked"]);
  });

  it("becomes invalid with its epoch, granted or enabled", () => {
    expect(names(model.enable(account, of))).to.be.empty;
    model.revokeAll(77n);
    expect(use("good")).to.deep.equal(["WrongEpoch"]);
    expect(names(model.enable(account, of))).to.deep.equal(["WrongEpoch"]);
  });

  it("is used by its key only", () => {
    expect(use("good", stranger)).to.deep.equal(["NotKey"]);
    expect(use("good", account)).to.deep.equal(["NotKey"]);
  });

  it("accepts signed executions in any order, each once, until the deadline, inclusive", () => {
    const submit = (nonce: bigint, deadline: number, caller: Address = ANYONE) =>
      names(
        model.execute(of, "good", [pay(1n)], {
          kind: "executeSigned",
          sender: stranger,
          caller,
          nonce,
          deadline,
          keySigned: true,
        }),
      );
    expect(submit(7n, START)).to.be.empty;
    expect(submit(3n, START)).to.be.empty;
    expect(submit(7n, START)).to.deep.equal(["NonceAlreadyUsed"]);
    expect(submit(8n, START - 1)).to.deep.equal(["DeadlinePassed"]);
    expect(submit(8n, START, key)).to.deep.equal(["CallerNotAllowed"]);
    expect(submit(8n, START, zeroAddress)).to.deep.equal(["CallerNotAllowed"]);
    expect(submit(8n, START, stranger)).to.be.empty;
  });

  it("keeps the nonce of a rejected execution unused", () => {
    const door = {
      kind: "executeSigned",
      sender: stranger,
      caller: ANYONE,
      nonce: 1n,
      deadline: START,
      keySigned: true,
    } as const;
    expect(names(model.execute(of, "good", [pay(cents(101))], door))).to.deep.equal([
      "PerTransactionExceeded",
    ]);
    expect(model.nonceUsed(id, 1n)).to.equal(false);
    expect(names(model.execute(of, "good", [pay(1n)], door))).to.be.empty;
    expect(model.nonceUsed(id, 1n)).to.equal(true);
  });
});
