import { pay, sessionStatus } from "@latchkey/sdk";
import { sessionModuleAbi } from "@latchkey/sdk/abis";
import { encodeRevokeAll } from "@latchkey/sdk/encoding";
import { expect } from "chai";
import { parseAbi } from "viem";
import { breakChain, mendChain } from "./environment/chainFaults.ts";
import { newHuman, usePage, world } from "./environment/fixture.ts";
import { allow, buyer, newOwner, overtake } from "./environment/ownedAgent.ts";
import { button, card, failure, openManage, textOf } from "./environment/screens.ts";

describe("Manage", function () {
  this.timeout(60_000);
  usePage();

  it("stops an agent while it pays, with one prompt: nothing more is paid, and its card shows stopped", async () => {
    const owner = await newOwner();
    const agent = await allow(owner);
    const { human } = owner;
    const buy = buyer(agent);
    const outcomes: (number | string)[] = [];
    let stopped = false;
    // The agent goes on until it is refused, whatever the human does.
    const working = (async () => {
      while (!stopped) {
        outcomes.push(await buy("report"));
        if (outcomes.at(-1) !== 200) stopped = true;
      }
    })();
    await openManage(human);
    await card(human, "Research Bot").getByText("Active", { exact: true }).waitFor();
    const { asserted } = human.prompts;
    await button(human, "Stop now").click();
    await card(human, "Research Bot").getByText("Stopped", { exact: true }).waitFor();
    await working;
    expect(human.prompts.asserted).to.equal(asserted + 1);
    expect(outcomes[0]).to.equal(200);
    // A payment may have been half made when the session ended under it; the next one knows.
    expect(outcomes.at(-1)).not.to.equal(200);
    expect(await buy("report")).to.equal("REVOKED");
    expect(await button(human, "Stop now").count()).to.equal(0);
    // And on the other rail.
    const { walletOf, shop } = world();
    const refused = await pay(await walletOf(agent.key), {
      grant: agent.grant,
      to: shop.address,
      amount: "0.01",
    }).catch((error) => error.code);
    expect(refused).to.equal("REVOKED");
  });

  it("shows today's spending by rail, what is left, and the last payments, from the chain", async () => {
    const owner = await newOwner();
    const agent = await allow(owner);
    const { client, shop, walletOf } = world();
    expect(await buyer(agent)("report")).to.equal(200);
    const hash = await pay(await walletOf(agent.key), {
      grant: agent.grant,
      to: shop.address,
      amount: "0.50",
    });
    await client.waitForTransactionReceipt({ hash });
    await openManage(owner.human);
    const shown = card(owner.human, "Research Bot");
    await shown.getByText(/0\.70/).first().waitFor();
    const text = (await shown.innerText()).replace(/\s+/g, " ");
    expect(text).to.match(/0\.70? of (\$|USDC )?20/);
    expect(text).to.match(/0\.20/);
    expect(text).to.match(/0\.50/);
    // Lots of a dollar: one is opened, one executed in part.
    expect(text).to.match(/18\.50/);
    expect(text.replace(/\s/g, "")).to.include(shop.address);
    expect(text).to.match(/6 days/);
  });

  it("stops everything with one prompt: every agent of the account is rejected", async () => {
    const owner = await newOwner();
    const { human } = owner;
    const one = await allow(owner, "First Bot");
    const two = await allow(owner, "Second Bot");
    await openManage(human);
    await card(human, "Second Bot").getByText("Active", { exact: true }).waitFor();
    const { asserted } = human.prompts;
    await button(human, "Stop everything").click();
    for (const name of ["First Bot", "Second Bot"])
      await card(human, name).getByText("Stopped", { exact: true }).waitFor();
    expect(human.prompts.asserted).to.equal(asserted + 1);
    for (const { grant } of [one, two])
      expect((await sessionStatus(world().client, grant)).reasons).to.include("WRONG_EPOCH");
    expect(await buyer(one)("report")).to.equal("WRONG_EPOCH");
  });

  it("shows everything as stopped whether the account's new epoch is higher or lower", async () => {
    const owner = await newOwner();
    await allow(owner);
    const { human, safe } = owner;
    const { client, latchkey, testChain } = world();
    const epoch = () =>
      client.readContract({
        address: latchkey.module,
        abi: sessionModuleAbi,
        functionName: "epochOf",
        args: [safe],
      });
    const { to, data } = encodeRevokeAll(latchkey);
    // An epoch is a hash. From a high one the next is most likely lower.
    while ((await epoch()) < 7n << 61n) await testChain.send({ from: safe, to, data });
    await openManage(human);
    for (let before = await epoch(); ; before = await epoch()) {
      await button(human, "Stop everything").click();
      await human.page.getByText(/Mined: it is stopped/).waitFor();
      const after = await epoch();
      expect(after).not.to.equal(before);
      if (after < before) break;
      await openManage(human);
    }
    expect(await human.page.getByRole("alert").count()).to.equal(0);
  });

  it("never shows active while the chain is unreachable, and shows it again when it responds", async () => {
    const owner = await newOwner();
    await allow(owner);
    const { human } = owner;
    await openManage(human);
    const shown = card(human, "Research Bot");
    await shown.getByText("Active", { exact: true }).waitFor();
    await breakChain(human, "unreachable");
    await shown.getByText("Unknown", { exact: true }).waitFor();
    expect(await shown.innerText()).to.match(/unknown since/i);
    expect(await shown.getByText("Active", { exact: true }).count()).to.equal(0);
    await mendChain(human);
    await shown.getByText("Active", { exact: true }).waitFor();
  });

  it("never shows active while the chain does not respond", async () => {
    const owner = await newOwner();
    await allow(owner);
    const { human } = owner;
    await human.page.clock.install();
    await openManage(human);
    const shown = card(human, "Research Bot");
    await shown.getByText("Active", { exact: true }).waitFor();
    await breakChain(human, "silent");
    await human.page.clock.fastForward(15_000);
    await shown.getByText("Unknown", { exact: true }).waitFor();
    expect(await shown.getByText("Active", { exact: true }).count()).to.equal(0);
    await mendChain(human);
  });

  it("shows within seconds what was stopped elsewhere", async () => {
    const owner = await newOwner();
    await allow(owner);
    const { human, safe } = owner;
    await openManage(human);
    const shown = card(human, "Research Bot");
    await shown.getByText("Active", { exact: true }).waitFor();
    // As the account itself: it does not matter here how the owner signed elsewhere.
    const { testChain, latchkey } = world();
    const { to, data } = encodeRevokeAll(latchkey);
    await testChain.send({ from: safe, to, data });
    await shown.getByText("Stopped", { exact: true }).waitFor();
  });

  it("keeps the session active if the passkey prompt is rejected, and stops it on the second try", async () => {
    const owner = await newOwner();
    const agent = await allow(owner);
    const { human } = owner;
    await openManage(human);
    const shown = card(human, "Research Bot");
    await shown.getByText("Active", { exact: true }).waitFor();
    await human.refuse(true);
    await button(human, "Stop now").click();
    expect(await failure(human)).to.include("The passkey prompt was closed");
    expect((await sessionStatus(world().client, agent.grant)).active).to.equal(true);
    await human.refuse(false);
    await button(human, "Stop now").click();
    await shown.getByText("Stopped", { exact: true }).waitFor();
  });

  for (const [stop, reason] of [
    ["Stop now", "REVOKED"],
    ["Stop everything", "WRONG_EPOCH"],
  ] as const)
    for (const reload of [false, true])
      it(`sends a “${stop}” that was signed while the node was down once it is back, once${reload ? ", even after reloading the page" : ""}`, async () => {
        const owner = await newOwner();
        const agent = await allow(owner);
        const { human, safe } = owner;
        const { client } = world();
        await openManage(human);
        const shown = card(human, "Research Bot");
        await shown.getByText("Active", { exact: true }).waitFor();
        const { asserted } = human.prompts;
        await breakChain(human, "unreachable");
        await button(human, stop).click();
        await human.page.getByText(/Signed but not sent: it is not stopped yet/).waitFor();
        if (reload) {
          human.expectProblem(/net::ERR_/);
          await openManage(human);
          await human.page.getByText(/Signed but not sent: it is not stopped yet/).waitFor();
        }
        // The reader may try as well, and loses nothing by it.
        await button(human, "Send it now").click();
        expect(await failure(human)).to.match(/could not connect/i);
        await shown.getByText("Unknown", { exact: true }).waitFor();
        expect(await shown.innerText()).not.to.match(/\bStopped\b|it is stopped\./);
        expect((await sessionStatus(client, agent.grant)).active).to.equal(true);
        await mendChain(human);
        await shown.getByText("Stopped", { exact: true }).waitFor();
        await human.page.getByText(/Mined: it is stopped|It is stopped\./).waitFor();
        expect((await sessionStatus(client, agent.grant)).reasons).to.include(reason);
        expect(human.prompts.asserted).to.equal(asserted + 1);
        expect(human.rpcMethods.filter((method) => method === "eth_sendTransaction")).to.have.length(1);
        const abi = parseAbi(["function nonce() view returns (uint256)"]);
        expect(await client.readContract({ address: safe, abi, functionName: "nonce" })).to.equal(1n);
        // And nothing of it is left to be sent.
        await openManage(human);
        await shown.getByText("Stopped", { exact: true }).waitFor();
        expect(await human.page.getByText(/Signed but not sent/).count()).to.equal(0);
      });

  it("reports a signed stop as invalid after another transaction of the account, and stops on the next try", async () => {
    const owner = await newOwner();
    const agent = await allow(owner);
    const { human, safe } = owner;
    await openManage(human);
    const shown = card(human, "Research Bot");
    await shown.getByText("Active", { exact: true }).waitFor();
    await breakChain(human, "unreachable");
    await button(human, "Stop now").click();
    await human.page.getByText(/Signed but not sent/).waitFor();
    await overtake(safe, 1n);
    await mendChain(human);
    expect(await failure(human)).to.match(/executed another transaction since.*can still spend.*again/);
    expect((await sessionStatus(world().client, agent.grant)).active).to.equal(true);
    await shown.getByText("Active", { exact: true }).waitFor();
    await button(human, "Stop now").click();
    await shown.getByText("Stopped", { exact: true }).waitFor();
  });

  it("saves nothing that could spend: no key, and no signature except the grants'", async () => {
    const owner = await newOwner();
    const agent = await allow(owner);
    const kept = await owner.human.page.evaluate(() =>
      JSON.stringify({ ...localStorage, ...sessionStorage }),
    );
    expect(kept).to.include(agent.key.address);
    expect(kept).not.to.match(/privateKey|secret|mnemonic/i);
    expect(await owner.human.context.cookies()).to.be.empty;
  });

  it("says so if nothing has been allowed yet", async () => {
    const human = await newHuman();
    await openManage(human);
    expect(await textOf(human)).to.match(/nothing|no session|not allowed anything|yet/i);
    expect(await button(human, "Stop now").count()).to.equal(0);
  });
});
