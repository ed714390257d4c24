import { payingFetch, safeAddresses, sessionStatus } from "@latchkey/sdk";
import { safeAbi } from "@latchkey/sdk/encoding";
import { expect } from "chai";
import { type Address, keccak256, pad, toHex } from "viem";
import { putPasskey } from "./environment/devicePasskey.ts";
import { type Agent, newAgent, newHuman, usePage, world } from "./environment/fixture.ts";
import { latchkeySafe, passkeySafe } from "./environment/passkeySafe.ts";
import { button, chooseAccount, failure, openReview, textOf } from "./environment/screens.ts";

describe("A human with an account", function () {
  this.timeout(60_000);
  usePage();

  const buys = async ({ key, handoff }: Agent, from: Address) => {
    const { client, shop, usdc } = world();
    const before = await usdc.balanceOf(from);
    const buy = payingFetch({ client, key, grant: await handoff.answer, pollingInterval: 20 });
    expect((await buy(shop.url("report"))).status).to.equal(200);
    expect(before - (await usdc.balanceOf(from))).to.equal(200_000n);
  };

  for (const version of ["1.4.1", "1.5.0"] as const) {
    it(`whose Safe ${version} does not have Latchkey installs and grants with one prompt, in one transaction`, async () => {
      const { client, latchkey } = world();
      const human = await newHuman();
      const safe = await passkeySafe(await putPasskey(human), version);
      const agent = await newAgent();
      human.allow(agent.callback);
      await openReview(human, agent.handoff.link);
      await chooseAccount(human, safe);
      const before = human.prompts.asserted;
      await button(human, "Allow with passkey").click();
      const grant = await agent.handoff.answer;
      expect(human.prompts).to.deep.equal({ created: 0, asserted: before + 1 });
      expect(before).to.be.at.most(1);
      expect(grant.session.account).to.equal(safe);
      expect(await client.getTransactionCount({ address: agent.key.address })).to.equal(1);
      expect(
        await client.readContract({
          address: safe,
          abi: safeAbi,
          functionName: "isModuleEnabled",
          args: [latchkey.module],
        }),
      ).to.equal(true);
      // The very transaction that installs also put the session on the chain.
      expect((await sessionStatus(client, grant)).state).to.equal("ENABLED");
      await buys(agent, safe);
    });

    it(`whose Safe ${version} already has Latchkey grants with one prompt, without a transaction`, async () => {
      const { client } = world();
      const human = await newHuman();
      const safe = await latchkeySafe(await putPasskey(human), version);
      const agent = await newAgent({ account: safe });
      human.allow(agent.callback);
      await openReview(human, agent.handoff.link);
      await chooseAccount(human, safe);
      const before = human.prompts.asserted;
      await button(human, "Allow with passkey").click();
      const grant = await agent.handoff.answer;
      expect(human.prompts).to.deep.equal({ created: 0, asserted: before + 1 });
      expect((await sessionStatus(client, grant)).state).to.equal("UNKNOWN");
      expect(await client.getTransactionCount({ address: agent.key.address })).to.equal(0);
      await buys(agent, safe);
    });
  }

  it("whose Safe executed another transaction during the review is told so, and succeeds on the second try", async () => {
    const { testChain } = world();
    const human = await newHuman();
    const safe = await passkeySafe(await putPasskey(human), "1.4.1");
    const agent = await newAgent();
    human.allow(agent.callback);
    await openReview(human, agent.handoff.link);
    await chooseAccount(human, safe);
    await button(human, "Allow with passkey").waitFor();
    // The Safe's nonce is the sixth slot of its storage; what the page has prepared is of the one before.
    await testChain.setStorageAt(safe, toHex(5n), pad(toHex(1n)));
    await button(human, "Allow with passkey").click();
    expect(await failure(human)).to.match(/This transaction would fail.*Nothing was/);
    expect(human.requests.some((url) => url === agent.callback)).to.equal(false);
    await human.page.goto("about:blank");
    await openReview(human, agent.handoff.link);
    await chooseAccount(human, safe);
    await button(human, "Allow with passkey").click();
    expect((await agent.handoff.answer).session.account).to.equal(safe);
  });

  it("that requires two owners is sent to the owners' wallet", async () => {
    const human = await newHuman();
    const mine = await putPasskey(human);
    const other = "0x00000000000000000000000000000000000a11ce";
    const safe = await passkeySafe(mine, "1.4.1", { owners: [other], threshold: 2 });
    const { handoff } = await newAgent();
    await openReview(human, handoff.link);
    await chooseAccount(human, safe);
    expect(await failure(human)).to.include("requires 2 owners to sign");
  });

  it("that is not a Safe is told so", async () => {
    const human = await newHuman();
    await putPasskey(human);
    const { handoff } = await newAgent();
    await openReview(human, handoff.link);
    await chooseAccount(human, world().usdc.address);
    expect(await failure(human)).to.match(/is not a supported account/);
  });

  it("is told that the batch replaces its handler, unless Latchkey is installed", async () => {
    const human = await newHuman();
    const safe = await passkeySafe(await putPasskey(human), "1.4.1");
    const { handoff } = await newAgent();
    await openReview(human, handoff.link);
    await chooseAccount(human, safe);
    await human.page.getByText(/replaces this Safe's fallback handler/).waitFor();
    const other = await newHuman();
    const installed = await latchkeySafe(await putPasskey(other), "1.4.1");
    await openReview(other, handoff.link);
    await chooseAccount(other, installed);
    await button(other, "Allow with passkey").waitFor();
    expect(await textOf(other)).not.to.include("replaces this Safe's fallback handler");
  });

  it("keeps an extensible handler, which other apps may have configured: payments by signature stay off", async () => {
    const human = await newHuman();
    const safe = await passkeySafe(await putPasskey(human), "1.4.1");
    const slot = keccak256(toHex("fallback_manager.handler.address"));
    await world().testChain.setStorageAt(safe, slot, pad(safeAddresses.extensibleFallbackHandler));
    const { handoff } = await newAgent();
    await openReview(human, handoff.link);
    await chooseAccount(human, safe);
    await human.page.getByText("Signed web payments (x402) are not available.").waitFor();
    expect(await textOf(human)).not.to.include("replaces this Safe's fallback handler");
  });

  it("sees the account and chain in the review", async () => {
    const human = await newHuman();
    const safe = await latchkeySafe(await putPasskey(human), "1.4.1");
    const { handoff } = await newAgent({ account: safe });
    await openReview(human, handoff.link);
    await chooseAccount(human, safe);
    const text = await textOf(human);
    expect(text.replace(/\s/g, "")).to.include(safe);
    expect(text).to.include("Local chain");
  });
});
