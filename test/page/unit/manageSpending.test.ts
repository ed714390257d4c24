import { type BudgetStatus, hashSession, type Session } from "@latchkey/sdk";
import type { SessionEvent } from "@latchkey/sdk/history";
import { expect } from "chai";
import type { Address } from "viem";
import { paymentsOf } from "#page/manage/Payment.ts";
import { periodStanding } from "#page/manage/periodStanding.ts";
import { spendingByDay } from "#page/manage/spendingByDay.ts";

const TOKEN: Address = "0x00000000000000000000000000000000000000aa";
const SHOP: Address = "0x00000000000000000000000000000000000000bb";
const MODULE: Address = "0x00000000000000000000000000000000000000cc";
const BEGIN = Date.parse("2026-11-22T10:00:00Z") / 1000;

const session: Session = {
  account: "0x00000000000000000000000000000000000000dd",
  key: "0x00000000000000000000000000000000000000ee",
  validAfter: BEGIN,
  validUntil: BEGIN + 7 * 86_400,
  epoch: 0n,
  salt: 0n,
  gasAllowance: 0n,
  paymaster: "0x0000000000000000000000000000000000000000",
  budgets: [
    {
      token: TOKEN,
      perTransaction: 1_000_000n,
      perPeriod: 20_000_000n,
      period: 86_400,
      initial: 0n,
      perSecond: 0n,
      signatures: 1,
      sizes: 5,
      recipients: [SHOP],
    },
  ],
  actions: [],
};
const carrier = { module: MODULE, session };
const id = hashSession(session);

const at = (block: number, period = 0n) => ({
  id,
  token: TOKEN,
  period,
  blockNumber: BigInt(block),
  timestamp: BEGIN + block,
  transactionHash: `0x${block.toString(16).padStart(64, "0")}` as const,
  logIndex: 0,
});
const executed = (block: number, amount: bigint, period?: bigint): SessionEvent => ({
  ...at(block, period),
  type: "executed",
  amount,
});
const settled = (block: number, amount: bigint | undefined, period?: bigint): SessionEvent => ({
  ...at(block, period),
  type: "settled",
  amount,
  to: amount === undefined ? undefined : SHOP,
  by: "eip3009",
  slot: { lot: 0n, size: 1, index: 0n },
  nonce: "0x00",
  reserved: 250_000n,
});
const status = (spent: bigint, opened: bigint, period = 0n): BudgetStatus => ({
  token: TOKEN,
  perTransaction: 1_000_000n,
  limit: 20_000_000n,
  released: 20_000_000n,
  spent,
  opened,
  remaining: 20_000_000n - spent - opened,
  exact: true,
  period,
  resetsAt: BEGIN + 86_400,
  recipients: [SHOP],
});

describe("the payments of a session", () => {
  it("come newest first, with the recipient if the event has it", () => {
    const payments = paymentsOf(carrier, [executed(1, 500_000n), settled(2, 200_000n)]);
    expect(payments.map(({ amount, rail, to }) => ({ amount, rail, to }))).to.deep.equal([
      { amount: 200_000n, rail: "settled", to: SHOP },
      { amount: 500_000n, rail: "executed", to: undefined },
    ]);
  });

  it("say what a payment by Permit2 reserved, if that is more than it paid", () => {
    const upto = { ...settled(2, 30_000n), by: "permit2" } as SessionEvent;
    const whole = { ...settled(3, 250_000n), by: "permit2" } as SessionEvent;
    expect(
      paymentsOf(carrier, [settled(1, 30_000n), upto, whole]).map(({ reserved }) => reserved),
    ).to.deep.equal([undefined, 250_000n, undefined]);
  });

  it("exclude other sessions", () => {
    const other: SessionEvent = { ...executed(1, 5n), id: `0x${"11".repeat(32)}` } as SessionEvent;
    expect(paymentsOf(carrier, [other])).to.deep.equal([]);
  });

  it("count the slot's maximum if the token's event is missing, and say so", () => {
    const [payment] = paymentsOf(carrier, [settled(1, undefined)]);
    expect(payment).to.deep.include({ amount: 250_000n, isAtMost: true });
  });
});

describe("a budget's state", () => {
  it("adds both rails of this period up, and leaves earlier periods out", () => {
    const events = [settled(1, 900_000n, 0n), executed(2, 500_000n, 1n), settled(3, 200_000n, 1n)];
    expect(periodStanding(carrier, 0, status(500_000n, 1_000_000n, 1n), events)).to.deep.equal({
      limit: 20_000_000n,
      spent: 700_000n,
      executed: 500_000n,
      settled: 200_000n,
      setAside: 800_000n,
      left: 18_500_000n,
    });
  });

  it("does not report spending before the signed payments are read, unless there can be none", () => {
    expect(periodStanding(carrier, 0, status(500_000n, 1_000_000n), undefined)).to.deep.include({
      spent: undefined,
      settled: undefined,
      setAside: undefined,
      left: 18_500_000n,
    });
    expect(periodStanding(carrier, 0, status(500_000n, 0n), undefined)).to.deep.include({ spent: 500_000n });
  });

  it("reserves no negative amount if the events are newer than the state", () => {
    const events = [settled(1, 250_000n), settled(2, 1_000_000n)];
    expect(periodStanding(carrier, 0, status(0n, 1_000_000n), events).setAside).to.equal(0n);
  });
});

describe("spending by day", () => {
  const utc = (text: string) => Date.parse(text) / 1000;

  it("has every day, empty ones too, and today last", () => {
    const days = spendingByDay(
      [
        { timestamp: utc("2026-11-20T12:00:00Z"), amount: 5n },
        { timestamp: utc("2026-11-22T01:00:00Z"), amount: 2n },
        { timestamp: utc("2026-11-22T02:00:00Z"), amount: 3n },
      ],
      { now: utc("2026-11-22T23:00:00Z"), days: 3, timeZone: "UTC" },
    );
    expect(days).to.deep.equal([
      { day: "2026-11-20", spent: 5n, payments: 1 },
      { day: "2026-11-21", spent: 0n, payments: 0 },
      { day: "2026-11-22", spent: 5n, payments: 2 },
    ]);
  });

  it("starts days at the user's midnight", () => {
    const payments = [{ timestamp: utc("2026-11-21T23:30:00Z"), amount: 1n }];
    const now = utc("2026-11-22T12:00:00Z");
    const today = (timeZone: string) => spendingByDay(payments, { now, days: 1, timeZone })[0]?.spent;
    expect(today("UTC")).to.equal(0n);
    expect(today("Europe/Berlin")).to.equal(1n);
  });

  it("neither skips nor repeats a day when clocks change", () => {
    for (const [now, first] of [
      ["2026-10-26T23:30:00Z", "2026-10-24"],
      ["2026-03-30T22:30:00Z", "2026-03-28"],
    ] as const) {
      const days = spendingByDay([], { now: utc(now), days: 4, timeZone: "Europe/Berlin" });
      expect(new Set(days.map(({ day }) => day)).size).to.equal(4);
      expect(days[0]?.day).to.equal(first);
    }
  });

  it("leaves out what is older", () => {
    const payments = [{ timestamp: utc("2026-11-01T12:00:00Z"), amount: 1n }];
    const days = spendingByDay(payments, { now: utc("2026-11-22T12:00:00Z"), days: 14, timeZone: "UTC" });
    expect(days.every(({ spent }) => spent === 0n)).to.equal(true);
  });
});
