import { readFile } from "node:fs/promises";
import { isRefusal, pay, sessionStatus } from "@latchkey/sdk";
import { mostSpendable } from "@latchkey/sdk/review";
import { expect } from "chai";
import { parseUnits } from "viem";
import { agent, grantOf, mined, shop, useSafe, walletOf } from "../sdk/safeFixture.ts";

const page = new URL("../../docs/how-it-works.md", import.meta.url);

describe("the example of a stream in docs/how-it-works.md", function () {
  this.timeout(60_000);
  const world = useSafe("1.4.1");

  it("has the chain's numbers", async () => {
    const { env } = world();
    const { client } = env.testChain;
    const section = (await readFile(page, "utf8")).split("\n## Streams\n")[1]?.split("\n## ")[0] ?? "";
    const rows = [...section.matchAll(/^\| (\d+) \| (\d+) \| (\d+) \| (\d+) \|$/gm)].map(([, ...numbers]) =>
      numbers.map(Number),
    );
    expect(rows).to.have.length(6);
    const words = section.replace(/\s+/g, " ");
    expect(words).to.include(
      'usdc: { perTransaction: "20", perPeriod: "20", period: "1h", stream: { initial: "5", perSecond: "0.005" }, recipients }',
    );
    const { timestamp } = await client.getBlock();
    const grant = await grantOf(world(), {
      budgets: {
        usdc: {
          perTransaction: "20",
          perPeriod: "20",
          period: "1h",
          stream: { initial: "5", perSecond: "0.005" },
          recipients: [shop],
        },
      },
      from: new Date(Number(timestamp + 1000n) * 1000),
      until: "1d",
    });
    const { validAfter } = grant.session;
    const wallet = walletOf(world(), agent);
    const usd = (dollars: number) => parseUnits(String(dollars), 6);
    const [, refused] = words.match(/At second (\d+) a payment of \$5 is refused/) ?? [];
    const [, named] = words.match(/released at second (\d+), which the refusal names/) ?? [];
    let spent = 0;
    for (const [second = 0, released = 0, paid = 0, available = 0] of rows) {
      await env.connection.networkHelpers.time.increaseTo(validAfter + second);
      const [before] = (await sessionStatus(client, grant)).budgets;
      expect(before?.released, `second ${second}`).to.equal(usd(released));
      if (String(second) === refused) {
        const refusal = await pay(wallet, { grant, to: shop, amount: "5" }).catch((error: unknown) => error);
        if (!isRefusal(refusal, "PERIOD")) throw refusal;
        expect(refusal.details.availableAt).to.equal(validAfter + Number(named));
      }
      if (second === 3600) spent = 0;
      if (paid > 0) await mined(world(), pay(wallet, { grant, to: shop, amount: String(paid) }));
      spent += paid;
      const [after] = (await sessionStatus(client, grant)).budgets;
      expect(after?.spent, `second ${second}`).to.equal(usd(spent));
      expect(available, `second ${second}`).to.equal(released - spent);
    }
    expect(refused).to.equal("600");
    expect(words).to.include("In a day the key can spend 24 times $20.");
    const [budget] = grant.session.budgets;
    if (!budget) throw new Error("no budget");
    expect(mostSpendable(grant.session, budget)).to.deep.equal({ periods: 24n, most: usd(24 * 20) });
  });
});
