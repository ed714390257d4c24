import { readFile } from "node:fs/promises";
import { payingFetch, sessionStatus } from "@latchkey/sdk";
import { expect } from "chai";
import { newAgent, newHuman, usePage, world } from "./environment/fixture.ts";
import { button, expectNothingToAllow, openReview, textOf } from "./environment/screens.ts";

describe("A human without an account", function () {
  this.timeout(60_000);
  usePage();

  it("creates a passkey, taps once more, and the agent pays the shop in USDC", async () => {
    const { client, usdc, shop } = world();
    const agent = await newAgent();
    const human = await newHuman({ of: [agent] });
    await openReview(human, agent.handoff.link);
    await button(human, "Create a passkey").click();
    await button(human, "Allow with passkey").click();
    const grant = await agent.handoff.answer;

    expect(human.prompts).to.deep.equal({ created: 1, asserted: 1 });
    const session = grant.session;
    expect(session.key).to.equal(agent.key.address);
    expect(session.budgets).to.deep.equal([
      {
        token: usdc.address,
        perTransaction: 1_000_000n,
        perPeriod: 20_000_000n,
        period: 86_400,
        initial: 0n,
        perSecond: 0n,
        signatures: 1,
        sizes: 5,
        recipients: [shop.address],
      },
    ]);
    expect(await sessionStatus(client, grant)).to.include({ active: true });

    await usdc.mint(session.account, 100_000_000n);
    const buy = payingFetch({ client, key: agent.key, grant, pollingInterval: 20 });
    const sold = await buy(shop.url("report"));
    expect(sold.status).to.equal(200);
    expect(await usdc.balanceOf(session.account)).to.equal(99_800_000n);
    await human.page.getByRole("link", { name: "Manage" }).first().waitFor();
  });

  it("sends no transaction: the agent creates the account with its own gas", async () => {
    const agent = await newAgent();
    const human = await newHuman({ of: [agent] });
    await openReview(human, agent.handoff.link);
    await button(human, "Create a passkey").click();
    await button(human, "Allow with passkey").click();
    const grant = await agent.handoff.answer;
    expect(human.rpcMethods).not.to.be.empty;
    expect(human.rpcMethods.filter((method) => /^eth_send|^personal_|^wallet_|^eth_sign/.test(method))).to.be
      .empty;
    const { client } = world();
    expect(await client.getCode({ address: grant.session.account })).to.match(/^0x../);
    expect(await client.getTransactionCount({ address: agent.key.address })).to.equal(1);
  });

  it("sees the agent's code and the key's fingerprint in the review, as printed by the agent", async () => {
    const { handoff } = await newAgent();
    const human = await newHuman();
    await openReview(human, handoff.link);
    const text = await textOf(human);
    expect(text).to.include(handoff.code);
    expect(text).to.include(handoff.fingerprint);
  });

  it("copies the response if the agent is on another machine, and the agent continues from it", async () => {
    const { handoff, key } = await newAgent({ callback: false });
    const human = await newHuman();
    await human.context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await openReview(human, handoff.link);
    await button(human, "Create a passkey").click();
    await button(human, "Allow with passkey").click();
    await button(human, "Copy the response").click();
    await human.page
      .getByText(/copied/i)
      .first()
      .waitFor();
    const copied = await human.page.evaluate(() => navigator.clipboard.readText());
    await handoff.receive(copied);
    expect((await handoff.answer).session.key).to.equal(key.address);
  });

  it("saves the response as a file if the agent is on another machine, and the agent continues from it", async () => {
    const { handoff, key } = await newAgent({ callback: false });
    const human = await newHuman();
    await openReview(human, handoff.link);
    await button(human, "Create a passkey").click();
    await button(human, "Allow with passkey").click();
    const [download] = await Promise.all([
      human.page.waitForEvent("download"),
      button(human, "Save the response").click(),
    ]);
    expect(download.suggestedFilename()).to.match(/\.json$/);
    await handoff.receive(await readFile(await download.path(), "utf8"));
    expect((await handoff.answer).session.key).to.equal(key.address);
  });

  it("reuses the passkey for the next request: one prompt, on the same account", async () => {
    const first = await newAgent();
    const second = await newAgent();
    const human = await newHuman({ of: [first, second] });
    await openReview(human, first.handoff.link);
    await button(human, "Create a passkey").click();
    await button(human, "Allow with passkey").click();
    const { account } = (await first.handoff.answer).session;
    await human.page.goto("about:blank");
    await openReview(human, second.handoff.link);
    await button(human, "Allow with passkey").click();
    expect((await second.handoff.answer).session.account).to.equal(account);
    expect(human.prompts).to.deep.equal({ created: 1, asserted: 2 });
  });

  it("declines, and the agent is told", async () => {
    const agent = await newAgent();
    const human = await newHuman({ of: [agent] });
    const refused = agent.handoff.answer.then(
      () => "granted",
      (error: { code?: string }) => error.code,
    );
    await openReview(human, agent.handoff.link);
    await button(human, "Decline").click();
    expect(await refused).to.equal("DECLINED");
    await expectNothingToAllow(human);
    expect(human.prompts).to.deep.equal({ created: 0, asserted: 0 });
  });
});
