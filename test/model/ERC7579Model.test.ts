import { expect } from "chai";
import { type Address, concat, maxUint128, numberToHex, pad, zeroAddress } from "viem";
import { ANYONE, type Call, type Session } from "#sdk/session/Session.ts";
import { ERC7579Model, NO, type OpGas, type SessionOp } from "./ERC7579Model.ts";
import { Ledger } from "./Ledger.ts";
import { WHOLE } from "./LeftOut.ts";
import type { Outcome } from "./SessionModel.ts";
import { hashSession } from "./typedData.ts";

const party = (n: number): Address => numberToHex(n, { size: 20 });
const [account, module, key, usdc, shop, sponsor] = [1, 2, 3, 4, 5, 6].map((n) => party(0xb000 + n)) as [
  Address,
  Address,
  Address,
  Address,
  Address,
  Address,
];
const START = 1_000_000;
const GRANTS = { good: "0xaaaaaa", weak: "0xaabbbb" } as const;

const session = (changes: Partial<Session> = {}): Session => ({
  account,
  key,
  validAfter: START,
  validUntil: START + 100,
  epoch: 0n,
  salt: 0n,
  gasAllowance: maxUint128,
  paymaster: zeroAddress,
  budgets: [
    {
      token: usdc,
      perTransaction: 100n,
      perPeriod: 200n,
      period: 50,
      initial: 0n,
      perSecond: 0n,
      signatures: 0,
      sizes: 0,
      recipients: [shop],
    },
  ],
  actions: [],
  ...changes,
});

const pay = (amount: bigint): Call => ({
  target: usdc,
  value: 0n,
  data: concat(["0xa9059cbb", pad(shop), numberToHex(amount, { size: 32 })]),
});

/** Costs 100 wei: 50 units at 2 wei. */
const GAS: OpGas = {
  verification: 10n,
  call: 20n,
  preVerification: 20n,
  paymasterVerification: 0n,
  paymasterPostOp: 0n,
  fee: 2n,
};

const op = (of: Session, changes: Partial<SessionOp> = {}): SessionOp => ({
  session: of,
  leftOut: WHOLE,
  grant: "good",
  calls: [pay(10n)],
  canonical: true,
  payer: "account",
  gas: GAS,
  keySigned: true,
  hopeless: false,
  ...changes,
});

const names = ({ refusals }: Outcome) => refusals.map(({ name }) => name);

describe("the model of ERC-7579 accounts", () => {
  let model: ERC7579Model;

  const made = (differences = {}) => {
    const ledger = new Ledger();
    ledger.setBalance(usdc, account, 1_000n);
    const place = { account, module, fallbackHandler: undefined, grants: GRANTS };
    model = new ERC7579Model(
      { ...place, repeats: false, beginsAtOnce: true, ...differences },
      ledger,
      new Map(),
    );
    model.now = BigInt(START);
  };
  const install = (granter: `0x${string}` = GRANTS.good, sessions: Session[] = []) =>
    model.install(["validator", "executor"], granter, sessions);
  /** What each execution was refused for; the text of what the EntryPoint may return, if it rejects. */
  const handle = (...ops: SessionOp[]) => {
    const handling = model.handle(ops);
    return "failures" in handling
      ? handling.failures.map(({ source }) => source)
      : handling.executions.map(names);
  };

  beforeEach(() => {
    made();
    install();
  });

  it("only accepts a grant that begins with the owner's validator", () => {
    expect(model.validationOf(op(session()))).not.to.equal(NO);
    for (const grant of ["none", "bad", "weak"] as const) {
      expect(model.validationOf(op(session(), { grant }))).to.equal(NO);
    }
  });

  it("accepts a weaker validator's grant if a short granter is a prefix of both", () => {
    made();
    install("0xaa");
    expect(model.validationOf(op(session(), { grant: "weak" }))).not.to.equal(NO);
  });

  it("accepts no grant without a granter, and keeps it if a second installation sets none", () => {
    made();
    model.install(["validator"], "0x", []);
    expect(model.validationOf(op(session()))).to.equal(NO);
    made();
    model.install(["validator"], GRANTS.good, []);
    model.install(["executor"], "0x", []);
    expect(model.validationOf(op(session()))).not.to.equal(NO);
  });

  it("rejects both forms of userOp of a paused session, granted or not", () => {
    const payment = { token: usdc, to: shop, amount: 1n, period: 0n };
    for (const sent of [op(session()), op(session(), { calls: [], payment })]) {
      made();
      install();
      model.setPaused(account, hashSession(session()), true);
      expect(model.brokenBy(sent)).to.deep.equal(["not paused"]);
      expect(handle(sent)).to.deep.equal(["^AA24"]);
      expect(model.stateOf(hashSession(session()))).to.equal("UNKNOWN");
      model.setPaused(account, hashSession(session()), false);
      expect(handle(sent)).to.deep.equal([[]]);
      model.setPaused(account, hashSession(session()), true);
      expect(handle(sent)).to.deep.equal(["^AA24"]);
    }
  });

  it("asks for the whole session with a grant, and then for what a payment is charged to", () => {
    const leftOut = { budgets: [0], actions: false };
    const payment = { token: usdc, to: shop, amount: 1n, period: 0n };
    const [executes, pays] = [op(session(), { leftOut }), op(session(), { calls: [], payment, leftOut })];
    expect(model.brokenBy(executes)).to.deep.equal(["enabled or whole"]);
    expect(names(model.enable(account, session()))).to.be.empty;
    expect(model.brokenBy(pays)).to.deep.equal(["the budget itself"]);
    // What is executed is for the execution to look at.
    expect(handle(executes)).to.deep.equal([["PartLeftOut"]]);
    expect(
      handle(op(session(), { calls: [], payment, leftOut: { budgets: [], actions: true } })),
    ).to.deep.equal([[]]);
  });

  it("counts the gas of every included userOp, to the wei, regardless of who pays", () => {
    const of = session({ gasAllowance: 200n, paymaster: ANYONE });
    expect(handle(op(of))).to.deep.equal([[]]);
    expect(handle(op(of, { payer: { paymaster: sponsor } }))).to.deep.equal([[]]);
    expect(handle(op(of, { gas: { ...GAS, fee: 0n } }))).to.deep.equal([[]]);
    expect(
      handle(op(of, { gas: { ...GAS, verification: 0n, call: 0n, preVerification: 1n, fee: 1n } })),
    ).to.deep.equal(["^AA24"]);
    expect(model.gasSpentBy(hashSession(of))).to.equal(200n);
  });

  it("only keeps the gas and the enabling of a userOp whose execution fails", () => {
    const of = session({ gasAllowance: 100n });
    expect(handle(op(of, { calls: [pay(101n)] }))).to.deep.equal([["PerTransactionExceeded"]]);
    expect(model.stateOf(hashSession(of))).to.equal("ENABLED");
    expect(model.gasSpentBy(hashSession(of))).to.equal(100n);
    expect(model.budgetOf(of, 0).spent).to.equal(0n);
    expect(model.ledger.balance(usdc, account)).to.equal(1_000n);
  });

  it("includes bundled userOps atomically, and validates all before it executes any", () => {
    const of = session({ gasAllowance: 150n });
    expect(handle(op(of), op(of))).to.deep.equal(["^AA24"]);
    expect(model.stateOf(hashSession(of))).to.equal("UNKNOWN");
    expect(model.gasSpentBy(hashSession(of))).to.equal(0n);
    const enough = session({ gasAllowance: 200n });
    expect(handle(op(enough), op(enough, { grant: "none" }))).to.deep.equal([[], []]);
    expect(model.budgetOf(enough, 0).spent).to.equal(20n);
  });

  it("only allows the session's payer: the account, one paymaster, or any except 0", () => {
    const payable = (paymaster: Address, payer: SessionOp["payer"]) =>
      model.validationOf(op(session({ paymaster }), { payer })) !== NO;
    expect(payable(zeroAddress, "account")).to.equal(true);
    expect(payable(zeroAddress, { paymaster: sponsor })).to.equal(false);
    expect(payable(sponsor, { paymaster: sponsor })).to.equal(true);
    expect(payable(shop, { paymaster: sponsor })).to.equal(false);
    expect(payable(ANYONE, { paymaster: sponsor })).to.equal(true);
    for (const payer of [{ paymaster: zeroAddress }, "malformed"] as const) {
      expect(payable(ANYONE, payer)).to.equal(false);
    }
  });

  describe("of a payment that the account makes itself", () => {
    const payment = { token: usdc, to: shop, amount: 100n, period: 0n };
    const paying = (changes: Partial<typeof payment> = {}, of = session()) =>
      op(of, { calls: [], payment: { ...payment, ...changes } });
    const broken = (changes: Partial<typeof payment> = {}, of = session()) =>
      model.brokenBy(paying(changes, of));
    const execute = (...calls: Call[]) =>
      model.execute(session(), "good", calls, { kind: "execute", sender: key });
    const withBudget = (changes: Partial<Session["budgets"][number]>) =>
      session({ budgets: session().budgets.map((budget) => ({ ...budget, ...changes })) });

    it("charges it in validation, and keeps it charged without sufficient balance", () => {
      model.ledger.setBalance(usdc, account, 120n);
      expect(handle(paying(), paying())).to.deep.equal([[], ["the account's own"]]);
      expect(model.budgetOf(session(), 0).spent).to.equal(200n);
      expect(model.ledger.balance(usdc, shop)).to.equal(100n);
      expect(model.stateOf(hashSession(session()))).to.equal("ENABLED");
      expect(handle(paying({ amount: 1n }))).to.deep.equal(["^AA24"]);
    });
    it("charges the bundle in its order, or nothing of it", () => {
      expect(handle(paying(), paying(), paying())).to.deep.equal(["^AA24"]);
      expect(model.budgetOf(session(), 0).spent).to.equal(0n);
      expect(handle(paying(), paying({ period: 1n }))).to.deep.equal(["^AA22"]);
      expect(model.budgetOf(session(), 0).spent).to.equal(0n);
      // The payment behind is charged before the execution in front of it.
      const execution = op(session(), { calls: [pay(100n), pay(1n)] });
      expect(handle(execution, paying())[0]).to.include("PerTransactionExceeded");
      expect(handle(op(session(), { calls: [pay(100n)] }), paying({ amount: 1n }))).to.deep.equal([
        ["PeriodExceeded"],
        [],
      ]);
    });
    it("gives the period's window, and the session's end where that is sooner", () => {
      const window = (first: number, last: number) => (BigInt(first) << 208n) | (BigInt(last) << 160n);
      expect(model.validationOf(paying())).to.equal(window(START, START + 49));
      expect(model.validationOf(paying({ period: 1n }))).to.equal(window(START + 50, START + 99));
      const short = session({ validUntil: START + 60 });
      expect(model.validationOf(paying({ period: 1n }, short))).to.equal(window(START + 50, START + 59));
      expect(broken({ period: 2n })).to.deep.equal(["a period of the session"]);
      expect(broken({}, { ...withBudget({ period: 1 }), validAfter: 0 })).to.deep.equal([
        "a period of the session",
      ]);
    });
    it("asks for a budget, a recipient and both limits", () => {
      expect(broken()).to.be.empty;
      expect(broken({ token: shop })).to.deep.equal(["a token with a budget"]);
      expect(broken({ token: zeroAddress }, withBudget({ token: zeroAddress }))).to.deep.equal([
        "a token with a budget",
      ]);
      expect(broken({ to: sponsor })).to.deep.equal(["the recipient"]);
      expect(broken({ amount: 101n })).to.deep.equal(["perTransaction"]);
      expect(broken({}, withBudget({ signatures: 1, sizes: 1 }))).to.have.length(1);
      expect(broken({}, withBudget({ perSecond: 1n }))).to.have.length(1);
      handle(paying());
      handle(paying({ amount: 99n }));
      expect(broken({ amount: 1n })).to.be.empty;
      expect(broken({ amount: 2n })).to.deep.equal(["perPeriod"]);
      expect(broken({ amount: 0n })).to.be.empty;
    });
    it("does not allow spending in an earlier period after a later one", () => {
      model.now += 50n;
      expect(handle(paying({ period: 1n }))).to.deep.equal([[]]);
      expect(broken({ period: 0n, amount: 1n })).to.deep.equal(["perPeriod"]);
      model.now -= 50n;
      expect(names(execute(pay(1n)))).to.deep.equal(["PeriodExceeded"]);
      expect(names(execute(pay(0n)))).to.be.empty;
    });
    it("reports a budget as fully spent if a later period was charged", () => {
      model.now += 50n;
      handle(paying({ period: 1n }));
      model.now -= 50n;
      expect(model.budgetOf(session(), 0)).to.include({ period: 0n, released: 200n, spent: 200n });
      model.now--;
      expect(model.budgetOf(session(), 0)).to.include({ period: 0n, released: 0n, spent: 0n });
    });
    it("is not kept from a period by an execution in a later one that charges the budget nothing", () => {
      handle(paying({ amount: 30n }));
      model.now += 50n;
      expect(execute(pay(0n))).to.deep.equal({ refusals: [], charges: [] });
      expect(broken({ period: 0n })).to.be.empty;
      execute(pay(1n));
      expect(broken({ period: 0n })).to.deep.equal(["perPeriod"]);
    });
  });

  it("gives the session's window, to the second before its end", () => {
    expect(model.validationOf(op(session()))).to.equal(
      (BigInt(START) << 208n) | (BigInt(START + 99) << 160n),
    );
    model.now = BigInt(START + 99);
    expect(handle(op(session()))).to.deep.equal([[]]);
    model.now++;
    expect(handle(op(session()))).to.deep.equal(["^AA22"]);
  });

  it("starts a second later on EntryPoints that require it", () => {
    made({ beginsAtOnce: false });
    install();
    expect(handle(op(session()))).to.deep.equal(["^AA22"]);
    model.now++;
    expect(handle(op(session()))).to.deep.equal([[]]);
  });

  it("ends every session and clears the granter with each uninstallation", () => {
    for (const type of ["validator", "executor"] as const) {
      made();
      install(GRANTS.good, [session()]);
      model.uninstall([type], 7n);
      expect(model.isInitialized).to.equal(true);
      expect(model.validationOf(op(session()))).to.equal(NO);
      expect(model.validationOf(op(session({ epoch: 7n })))).to.equal(NO);
      expect(names(model.enable(account, session({ epoch: 7n })))).to.be.empty;
      expect(model.validationOf(op(session({ epoch: 7n })))).not.to.equal(NO);
    }
  });

  it("enables an expired session at installation, but not a revoked one or one of another epoch", () => {
    made();
    model.now = BigInt(START + 1_000);
    expect(names(install(GRANTS.good, [session()]))).to.be.empty;
    model.revoke(hashSession(session()));
    model.uninstall(["validator", "executor"], 0n);
    expect(names(install(GRANTS.good, [session()]))).to.deep.equal(["SessionIsRevoked"]);
    expect(names(install(GRANTS.good, [session({ epoch: 1n })]))).to.deep.equal(["WrongEpoch"]);
    const leftOutOf = () => ({ budgets: [], actions: true });
    const other = [session({ salt: 1n })];
    expect(names(model.install(["validator"], GRANTS.good, other, { leftOutOf }))).to.deep.equal([
      "PartLeftOut",
    ]);
    expect(model.isInitialized).to.equal(false);
  });

  it("accepts the account's own calls without trailing bytes", () => {
    const by = (sender: Address, oddly: boolean, calls = [pay(1n)]) =>
      names(model.execute(session(), "good", calls, { kind: "execute", sender, oddly }));
    expect(by(account, true)).to.deep.equal(["NotKey"]);
    expect(by(account, false, [])).to.deep.equal(["NotKey", "EmptyBatch"]);
    expect(by(account, false)).to.be.empty;
    expect(by(key, true)).to.be.empty;
  });
});
