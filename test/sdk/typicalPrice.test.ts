import { type Merchant, openMerchant } from "@latchkey/devchain";
import { payingFetch, sessionStatus } from "@latchkey/sdk";
import { expect } from "chai";
import { agent, balanceOf, grantOf, refusalOf, shop, useSafe } from "./safeFixture.ts";

describe("a session for payments of a typical price", function () {
  this.timeout(60_000);
  const world = useSafe("1.4.1");
  let merchant: Merchant;
  beforeEach(async () => {
    const { env } = world();
    const offer = { amount: 3_000n, asset: env.usdc.address, payTo: shop };
    merchant = await openMerchant(env.testChain, { forecast: offer });
  });
  afterEach(() => merchant.close());

  it("pays its whole limit by x402 at that price, to the last payment", async () => {
    const { client } = world().env.testChain;
    const x402 = { typicalPrice: "0.003" };
    // 20 payments of four times as much would be 0.24: so each is counted alone.
    const grant = await grantOf(world(), {
      budgets: { usdc: { perDay: "0.03", recipients: [shop], x402 } },
    });
    expect(grant.session.budgets[0]).to.include({ perTransaction: 3_000n, sizes: 1 });
    const buy = payingFetch({ client, key: agent, grant, maxWait: 2, pollingInterval: 50 });
    for (let i = 0; i < 10; i++) expect((await buy(merchant.url("forecast"))).status).to.equal(200);
    expect(await balanceOf(world(), shop)).to.equal(30_000n);
    expect((await refusalOf(buy(merchant.url("forecast")))).code).to.equal("PERIOD");
  });

  it("divides a larger limit so that ten payments use up ten prices", async () => {
    const { client } = world().env.testChain;
    const grant = await grantOf(world(), {
      budgets: { usdc: { perDay: "0.96", recipients: [shop], x402: { typicalPrice: "0.003" } } },
    });
    expect(grant.session.budgets[0]).to.include({ perTransaction: 48_000n, sizes: 3 });
    const buy = payingFetch({ client, key: agent, grant });
    for (let i = 0; i < 10; i++) expect((await buy(merchant.url("forecast"))).status).to.equal(200);
    // Sixteen fit into the part that is reserved.
    expect((await sessionStatus(client, grant)).budgets[0]?.opened).to.equal(48_000n);
  });
});
