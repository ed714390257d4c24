import { budgetSummary, execute, latchkeyActions, pay } from "@latchkey/sdk";
import { sessionHistory, spendMeter } from "@latchkey/sdk/history";
import { expect } from "chai";
import { parseUnits } from "viem";
import {
  agent,
  grantOf,
  mined,
  refusalOf,
  type SafeWorld,
  settle,
  shop,
  useSafe,
  walletOf,
} from "./safeFixture.ts";

describe("the summary of a session's budgets", function () {
  this.timeout(60_000);
  const world = useSafe("1.4.1");
  const client = ({ env }: SafeWorld) => env.testChain.client;

  it("says what was paid, is reserved and available, in whole tokens that add up to the limit", async () => {
    const grant = await grantOf(world());
    const before = await budgetSummary(client(world()), grant);
    const resetsAt = new Date((grant.session.validAfter + 86_400) * 1000).toISOString().replace(".000", "");
    expect(before).to.deep.equal([
      {
        token: world().env.usdc.address,
        symbol: "USDC",
        limit: "20",
        paid: "0",
        reserved: "0",
        available: "20",
        resetsAt,
      },
    ]);
    await mined(world(), pay(walletOf(world(), agent), { grant, to: shop, amount: "0.35" }));
    await settle(world(), grant, { slot: { lot: 1n, size: 1 }, value: 200_000n });
    const [after] = await budgetSummary(client(world()), grant);
    expect(after).to.include({ limit: "20", paid: "0.35", reserved: "1", available: "18.65" });

    const { events } = await sessionHistory(client(world()), { grant, fromBlock: 0n });
    const meter = spendMeter(grant, events);
    const [metered] = await budgetSummary(client(world()), grant, { meter });
    expect(metered).to.include({ limit: "20", paid: "0.55", reserved: "0.8", available: "18.65" });
    for (const one of [after, metered])
      expect(["paid", "reserved", "available"].reduce((sum, name) => sum + units(one, name), 0n)).to.equal(
        units(one, "limit"),
      );
    expect(JSON.parse(JSON.stringify(metered))).to.deep.equal(metered);
    expect(await walletOf(world(), agent).extend(latchkeyActions()).budgetSummary(grant)).to.deep.equal([
      after,
    ]);
  });

  it("counts no payment of an earlier period, and never more than is reserved", async () => {
    const grant = await grantOf(world());
    await settle(world(), grant, { value: 200_000n });
    const { events } = await sessionHistory(client(world()), { grant, fromBlock: 0n });
    const [meter] = spendMeter(grant, events);
    if (!meter) throw new Error("no meter");
    const [period] = meter.periods;
    if (!period) throw new Error("no period");
    const later = { ...meter, periods: [{ ...period, settled: 3_000_000n }] };
    const [most] = await budgetSummary(client(world()), grant, { meter: [later] });
    expect(most).to.include({ paid: "1", reserved: "0", available: "19" });
    await world().env.connection.networkHelpers.time.increase(86_400);
    const [next] = await budgetSummary(client(world()), grant, { meter: [meter] });
    expect(next).to.include({ limit: "20", paid: "0", reserved: "0", available: "20" });
  });

  it("adds up for a stream too, whose limit grows, and for the native coin", async () => {
    const budget = { perTransaction: "1", perDay: "20", recipients: [shop] };
    const grant = await grantOf(world(), {
      budgets: {
        native: budget,
        usdc: { ...budget, stream: { initial: "2", perSecond: "0.000001" } },
      },
    });
    await mined(
      world(),
      execute(walletOf(world(), agent), { grant, calls: [{ to: shop, value: parseUnits("0.5", 18) }] }),
    );
    const [native, stream] = await budgetSummary(walletOf(world(), agent), grant);
    expect(native).to.include({ symbol: "ETH", limit: "20", paid: "0.5", reserved: "0", available: "19.5" });
    expect(stream?.limit)
      .to.match(/^2\.0000\d+$/)
      .and.equal(stream?.available);
  });

  it("refuses a meter that is not one", async () => {
    const grant = await grantOf(world());
    for (const meter of [null, {}, [null], [{ token: shop, periods: [{ period: 0n }] }]])
      expect(
        (await refusalOf(budgetSummary(client(world()), grant, { meter: meter as never }))).code,
      ).to.be.oneOf(["INVALID_INPUT", "INVALID_ADDRESS"]);
  });
});

const units = (summary: object | undefined, name: string): bigint =>
  parseUnits((summary as { [name: string]: string })[name] ?? "", 6);
