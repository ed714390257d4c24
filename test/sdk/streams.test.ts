import { budgetSummary, isRefusal, pay, sessionStatus } from "@latchkey/sdk";
import { describeSession, mostSpendable } from "@latchkey/sdk/review";
import { expect } from "chai";
import { formatUnits, maxUint128 } from "viem";
import { secondsUntilReleased } from "#sdk/session/secondsUntilReleased.ts";
import { agent, grantOf, mined, propose, type SafeWorld, shop, useSafe, walletOf } from "./safeFixture.ts";

const USD = 1_000_000n;
const HOUR = 3600;

describe("a stream", function () {
  this.timeout(60_000);
  const world = useSafe("1.4.1");
  const client = ({ env }: SafeWorld) => env.testChain.client;
  const timeOf = async () => Number((await client(world()).getBlock()).timestamp);
  const at = (time: number) => world().env.connection.networkHelpers.time.increaseTo(time);
  /** $5 at once and half a cent each second, up to $20 an hour, for a day. */
  const streaming = async (more: object = {}) =>
    grantOf(world(), {
      budgets: {
        usdc: {
          perTransaction: "20",
          perPeriod: "20",
          period: "1h",
          stream: { initial: "5", perSecond: "0.005" },
          recipients: [shop],
          ...more,
        } as never,
      },
      until: "1d",
    });
  const refusalOfPaying = async (grant: Awaited<ReturnType<typeof streaming>>, amount: string) => {
    try {
      await pay(walletOf(world(), agent), { grant, to: shop, amount });
    } catch (error) {
      if (isRefusal(error, "PERIOD")) return error;
      throw error;
    }
    throw new Error("it was paid");
  };

  it("says what is released, what is available, what each second adds and when all is there", async () => {
    const grant = await streaming();
    const { validAfter, validUntil } = grant.session;
    await mined(world(), pay(walletOf(world(), agent), { grant, to: shop, amount: "1" }));
    const [budget] = (await sessionStatus(client(world()), grant)).budgets;
    const released = 5n * USD + 5_000n * BigInt((await timeOf()) - validAfter);
    expect(budget).to.deep.include({ limit: 20n * USD, released, spent: USD, remaining: released - USD });
    // $15 more at half a cent a second.
    const fullAt = validAfter + 3000;
    expect(budget?.stream).to.deep.equal({ perSecond: 5_000n, fullAt });
    const [summary] = await budgetSummary(client(world()), grant);
    expect(summary).to.deep.include({
      limit: formatUnits(released, 6),
      paid: "1",
      available: formatUnits(released - USD, 6),
      stream: { perSecond: "0.005", upTo: "20", fullAt: iso(fullAt) },
    });

    await at(fullAt);
    const [full] = (await sessionStatus(client(world()), grant)).budgets;
    expect(full).to.include({ released: 20n * USD, remaining: 19n * USD, resetsAt: validAfter + HOUR });
    await at(validAfter + HOUR);
    const [next] = (await sessionStatus(client(world()), grant)).budgets;
    expect(next).to.deep.include({ released: 5n * USD, spent: 0n, period: 1n });
    expect(next?.stream?.fullAt).to.equal(validAfter + HOUR + 3000);

    await at(validUntil - 1);
    expect((await sessionStatus(client(world()), grant)).active).to.equal(true);
    await at(validUntil);
    const over = await sessionStatus(client(world()), grant);
    expect(over.active).to.equal(false);
    expect(over.budgets[0]?.stream?.fullAt).to.equal(validUntil);
  });

  it("has released nothing before its start", async () => {
    const from = new Date(((await timeOf()) + 1000) * 1000);
    const grant = await grantOf(world(), {
      budgets: {
        usdc: {
          perTransaction: "20",
          inAll: "20",
          stream: { initial: "5", perSecond: "0.005" },
          recipients: [shop],
        },
      },
      from,
      until: "1d",
    });
    const [budget] = (await sessionStatus(client(world()), grant)).budgets;
    expect(budget).to.include({ released: 0n, remaining: 0n });
    expect(budget?.stream?.fullAt).to.equal(grant.session.validAfter + 3000);
    const [summary] = await budgetSummary(client(world()), grant);
    expect(summary).to.include({ limit: "0", available: "0" });
  });

  it("refuses what is not released yet, and says from which second on it can be paid", async () => {
    const grant = await streaming();
    const { validAfter } = grant.session;
    await mined(world(), pay(walletOf(world(), agent), { grant, to: shop, amount: "5" }));
    const refusal = await refusalOfPaying(grant, "5");
    // $5 are spent, and $5 more take a thousand seconds.
    const availableAt = validAfter + 1000;
    expect(refusal.details).to.include({ amount: 5n * USD, availableAt, resetsAt: validAfter + HOUR });
    expect(refusal.message).to.include("5 USDC exceeds the ").and.include("that the stream has released");
    expect(refusal.message).to.include(`wait until ${iso(availableAt)}`);
    expect(refusal.message).not.to.include(iso(validAfter + HOUR));

    await at(availableAt - 2);
    expect((await refusalOfPaying(grant, "5")).details.availableAt).to.equal(availableAt);
    await at(availableAt);
    await mined(world(), pay(walletOf(world(), agent), { grant, to: shop, amount: "5" }));
    const [budget] = (await sessionStatus(client(world()), grant)).budgets;
    expect(budget?.spent).to.equal(10n * USD);
  });

  it("names a second of the next period where this one does not release enough", async () => {
    const grant = await streaming();
    const { validAfter } = grant.session;
    await at(validAfter + 3000);
    await mined(world(), pay(walletOf(world(), agent), { grant, to: shop, amount: "15" }));
    // $20 an hour: of the next one, $10 are there after a thousand seconds.
    expect((await refusalOfPaying(grant, "10")).details.availableAt).to.equal(validAfter + HOUR + 1000);
    expect((await refusalOfPaying(grant, "5.01")).details.availableAt).to.equal(validAfter + HOUR + 2);
  });

  it("names no second where the session ends before", async () => {
    const grant = await streaming();
    await at(grant.session.validUntil - HOUR);
    const [budget] = (await sessionStatus(client(world()), grant)).budgets;
    expect(budget?.released).to.equal(5n * USD);
    await at(grant.session.validUntil - 601);
    await mined(world(), pay(walletOf(world(), agent), { grant, to: shop, amount: "19" }));
    const refusal = await refusalOfPaying(grant, "5");
    expect(refusal.details).not.to.have.property("availableAt");
    expect(refusal.message).to.include("before the session ends");
  });

  it("leaves the refusals of other budgets as they are", async () => {
    const grant = await grantOf(world());
    await mined(world(), pay(walletOf(world(), agent), { grant, to: shop, amount: "1" }));
    for (let paid = 1; paid < 20; paid++)
      await mined(world(), pay(walletOf(world(), agent), { grant, to: shop, amount: "1" }));
    const refusal = await refusalOfPaying(grant, "0.01");
    expect(refusal.details).not.to.have.property("availableAt");
    expect(refusal.message).to.include("left until");
  });

  it("is reviewed in words that are true for one period and for several, and without a maximum", async () => {
    const proposal = (await propose(world(), {
      budgets: {
        usdc: {
          perTransaction: "20",
          inAll: "100",
          stream: { initial: "5", perSecond: "0.005" },
          recipients: [shop],
        },
      },
    })) as Parameters<typeof describeSession>[0];
    const token = world().env.usdc.address;
    const facts = [{ token, symbol: "USDC", decimals: 6, known: true }];
    const sentencesOf = (change: object) => {
      const budgets = proposal.session.budgets.map((budget) => ({ ...budget, ...change }));
      return describeSession({ ...proposal, session: { ...proposal.session, budgets } }, facts).budgets[0]
        ?.sentences;
    };
    expect(sentencesOf({})).to.include("It starts with 5 USDC; every second adds 0.005 USDC.");
    expect(sentencesOf({ period: HOUR })).to.include(
      "Each period starts with 5 USDC; every second adds 0.005 USDC.",
    );
    const endless = sentencesOf({ perTransaction: maxUint128, perPeriod: maxUint128 });
    expect(endless?.join(" ")).not.to.include(formatUnits(maxUint128, 6));
    const { most } = mostSpendable(proposal.session, {
      period: proposal.session.validUntil - proposal.session.validAfter,
      perPeriod: maxUint128,
      initial: 5n * USD,
      perSecond: 5_000n,
    });
    expect(endless).to.include(`At most ${formatUnits(most, 6)} USDC until the session ends.`);
  });

  it("releases an amount in its first second, in its last one, and never above its maximum", () => {
    const stream = { perPeriod: 100n, period: 10, initial: 5n, perSecond: 10n };
    const cases: [bigint, number | undefined][] = [
      [0n, 0],
      [5n, 0],
      [6n, 1],
      [15n, 1],
      [16n, 2],
      [95n, 9],
      [96n, undefined],
      [101n, undefined],
    ];
    for (const [amount, seconds] of cases)
      expect(secondsUntilReleased(stream, amount), String(amount)).to.equal(seconds);
    expect(secondsUntilReleased({ ...stream, perPeriod: 20n }, 20n)).to.equal(2);
    expect(secondsUntilReleased({ ...stream, perPeriod: 20n }, 21n)).to.equal(undefined);
    expect(secondsUntilReleased({ ...stream, perSecond: 0n }, 100n)).to.equal(0);
  });
});

const iso = (seconds: number) => new Date(seconds * 1000).toISOString().replace(".000", "");
