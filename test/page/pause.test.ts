import { type EncodedCall, pay, sessionStatus } from "@latchkey/sdk";
import { encodePause, encodeResume } from "@latchkey/sdk/encoding";
import { expect } from "chai";
import type { Address } from "viem";
import { breakChain, mendChain } from "./environment/chainFaults.ts";
import { usePage, world } from "./environment/fixture.ts";
import type { Human } from "./environment/Human.ts";
import { allow, buyer, type GrantedAgent, newOwner, overtake } from "./environment/ownedAgent.ts";
import { button, card, failure, openManage } from "./environment/screens.ts";

const stateOf = (human: Human, state: "Active" | "Paused" | "Stopped" | "Unknown") =>
  card(human, "Research Bot").getByText(state, { exact: true });

const reasonsOf = async ({ grant }: GrantedAgent) => (await sessionStatus(world().client, grant)).reasons;

/** By another device: how its owner signed there does not matter here. */
const elsewhere = (safe: Address, { to, data }: EncodedCall) =>
  world().testChain.send({ from: safe, to, data });

const sendings = ({ rpcMethods }: Human) => rpcMethods.filter((method) => method === "eth_sendTransaction");

describe("Pause and Resume", function () {
  this.timeout(90_000);
  usePage();

  it("with one prompt each: while paused, every payment is rejected and the meters stay; resumed, the agent pays again", async () => {
    const owner = await newOwner();
    const agent = await allow(owner);
    const { human } = owner;
    const buy = buyer(agent);
    expect(await buy("report")).to.equal(200);
    await openManage(human);
    await stateOf(human, "Active").waitFor();
    const { asserted } = human.prompts;
    await button(human, "Pause").click();
    await stateOf(human, "Paused").waitFor();
    await human.page.getByText(/Mined: it is paused/).waitFor();
    expect(human.prompts.asserted).to.equal(asserted + 1);
    expect(await reasonsOf(agent)).to.deep.equal(["PAUSED"]);
    expect(await buy("report")).to.equal("PAUSED");
    const { walletOf, shop } = world();
    const execute = async () =>
      pay(await walletOf(agent.key), { grant: agent.grant, to: shop.address, amount: "0.01" });
    expect(await execute().catch((error) => error.code)).to.equal("PAUSED");
    const shown = card(human, "Research Bot");
    expect((await shown.innerText()).replace(/\s+/g, " ")).to.match(/0\.20? of (\$|USDC )?20/);
    expect(await shown.getByRole("meter").count()).to.equal(1);

    // As a reader finds it who comes back.
    await openManage(human);
    await stateOf(human, "Paused").waitFor();
    expect(await button(human, "Pause").count()).to.equal(0);
    expect(await button(human, "Stop now").count()).to.equal(1);
    await button(human, "Resume").click();
    await stateOf(human, "Active").waitFor();
    await human.page.getByText(/Mined: it is resumed/).waitFor();
    expect(human.prompts.asserted).to.equal(asserted + 2);
    expect(await buy("report")).to.equal(200);
    expect(await execute()).to.match(/^0x/);
  });

  it("reflect a pause and a resume from another device, whatever was done here before", async () => {
    const owner = await newOwner();
    const agent = await allow(owner);
    const { human, safe } = owner;
    await openManage(human);
    await stateOf(human, "Active").waitFor();
    await elsewhere(safe, encodePause(agent.grant));
    await stateOf(human, "Paused").waitFor();
    await button(human, "Resume").click();
    await human.page.getByText(/Mined: it is resumed/).waitFor();
    await stateOf(human, "Active").waitFor();
    expect(await buyer(agent)("report")).to.equal(200);
    await elsewhere(safe, encodePause(agent.grant));
    await stateOf(human, "Paused").waitFor();
    expect(await card(human, "Research Bot").innerText()).not.to.match(/it is resumed/);
    await elsewhere(safe, encodeResume(agent.grant));
    await stateOf(human, "Active").waitFor();
    await button(human, "Pause").waitFor();
  });

  it("allow a paused session to be stopped permanently", async () => {
    const owner = await newOwner();
    const agent = await allow(owner);
    const { human, safe } = owner;
    await elsewhere(safe, encodePause(agent.grant));
    await openManage(human);
    await stateOf(human, "Paused").waitFor();
    await button(human, "Stop now").click();
    await stateOf(human, "Stopped").waitFor();
    expect(await reasonsOf(agent)).to.include("REVOKED");
    expect(await button(human, /^(Pause|Resume)$/).count()).to.equal(0);
  });

  for (const reload of [false, true])
    it(`sends a pause that was signed while the node was down once it is back, once${reload ? ", even after reloading the page" : ""}`, async () => {
      const owner = await newOwner();
      const agent = await allow(owner);
      const { human } = owner;
      await openManage(human);
      await stateOf(human, "Active").waitFor();
      await breakChain(human, "unreachable");
      await button(human, "Pause").click();
      await human.page.getByText(/Signed but not sent: it is not paused yet/).waitFor();
      if (reload) {
        human.expectProblem(/net::ERR_/);
        await openManage(human);
        await human.page.getByText(/Signed but not sent: it is not paused yet/).waitFor();
      }
      expect((await sessionStatus(world().client, agent.grant)).active).to.equal(true);
      await mendChain(human);
      await stateOf(human, "Paused").waitFor();
      await human.page.getByText(/Mined: it is paused|It is paused\./).waitFor();
      expect(sendings(human)).to.have.length(1);
      await openManage(human);
      await stateOf(human, "Paused").waitFor();
      expect(await human.page.getByText(/Signed but not sent/).count()).to.equal(0);
    });

  for (const reload of [false, true])
    it(`never sends by itself a resume that was signed while the node was down, and offers to${reload ? ", even after reloading the page" : ""}`, async () => {
      const owner = await newOwner();
      const agent = await allow(owner);
      const { human, safe } = owner;
      const { usdc } = world();
      await elsewhere(safe, encodePause(agent.grant));
      await openManage(human);
      await stateOf(human, "Paused").waitFor();
      await breakChain(human, "unreachable");
      await button(human, "Resume").click();
      await human.page.getByText(/Signed but not sent: it is still paused\./).waitFor();
      await button(human, "Send it now").waitFor();
      expect(await card(human, "Research Bot").innerText()).not.to.match(/once the node responds/);
      if (reload) {
        human.expectProblem(/net::ERR_/);
        await openManage(human);
        await human.page.getByText(/Signed but not sent: it is still paused\./).waitFor();
      }
      await mendChain(human);
      await stateOf(human, "Paused").waitFor();
      // The page asks each three seconds, and reads again with each block.
      for (let answers = 0; answers < 3; answers++) {
        await usdc.mint(safe, 1n);
        await human.page.waitForTimeout(3500);
      }
      expect(sendings(human)).to.be.empty;
      expect(await reasonsOf(agent)).to.deep.equal(["PAUSED"]);
      await button(human, "Send it now").click();
      await stateOf(human, "Active").waitFor();
      expect(sendings(human)).to.have.length(1);
      expect(await buyer(agent)("report")).to.equal(200);
    });

  it("replace a pending pause with a stop, and never replace a pending stop", async () => {
    const owner = await newOwner();
    const agent = await allow(owner);
    const { human } = owner;
    await openManage(human);
    await stateOf(human, "Active").waitFor();
    await breakChain(human, "unreachable");
    await button(human, "Pause").click();
    await human.page.getByText(/Signed but not sent: it is not paused yet/).waitFor();
    // A prompt that is refused loses nothing.
    await human.refuse(true);
    await button(human, "Stop now").click();
    await failure(human);
    await human.page.getByText(/Signed but not sent: it is not paused yet/).waitFor();
    await human.refuse(false);
    await button(human, "Stop now").click();
    await human.page.getByText(/Signed but not sent: it is not stopped yet/).waitFor();
    expect(await button(human, "Pause").count()).to.equal(0);
    await mendChain(human);
    await stateOf(human, "Stopped").waitFor();
    expect(await reasonsOf(agent)).to.deep.equal(["REVOKED"]);
    expect(sendings(human)).to.have.length(1);
  });

  it("report a signed pause as invalid after another transaction of the account, and pause on the next try", async () => {
    const owner = await newOwner();
    const agent = await allow(owner);
    const { human, safe } = owner;
    await openManage(human);
    await stateOf(human, "Active").waitFor();
    await breakChain(human, "unreachable");
    await button(human, "Pause").click();
    await human.page.getByText(/Signed but not sent/).waitFor();
    await overtake(safe, 1n);
    await mendChain(human);
    expect(await failure(human)).to.match(/executed another transaction since.*can still spend.*again/);
    expect((await sessionStatus(world().client, agent.grant)).active).to.equal(true);
    await stateOf(human, "Active").waitFor();
    await button(human, "Pause").click();
    await stateOf(human, "Paused").waitFor();
  });

  it("report a signed resume as invalid after another transaction of the account: the agent still cannot spend", async () => {
    const owner = await newOwner();
    const agent = await allow(owner);
    const { human, safe } = owner;
    await elsewhere(safe, encodePause(agent.grant));
    await openManage(human);
    await stateOf(human, "Paused").waitFor();
    await breakChain(human, "unreachable");
    await button(human, "Resume").click();
    await human.page.getByText(/Signed but not sent/).waitFor();
    await overtake(safe, 1n);
    await mendChain(human);
    expect(await failure(human)).to.match(/executed another transaction since.*still cannot spend.*again/);
    expect(await reasonsOf(agent)).to.deep.equal(["PAUSED"]);
    await button(human, "Resume").click();
    await stateOf(human, "Active").waitFor();
  });

  it("do not prompt for the passkey of a Safe with several required owners", async () => {
    const owner = await newOwner();
    const agent = await allow(owner);
    const { human, safe } = owner;
    const { client, shop, testChain, walletOf } = world();
    // On the chain before: a grant that nobody has used is void once it needs two.
    const wallet = await walletOf(agent.key);
    const hash = await pay(wallet, { grant: agent.grant, to: shop.address, amount: "0.01" });
    await client.waitForTransactionReceipt({ hash });
    // addOwnerWithThreshold(address, 2), as the Safe itself.
    const second = "0x00000000000000000000000000000000000b0b00".slice(2).padStart(64, "0");
    await testChain.send({
      from: safe,
      to: safe,
      data: `0x0d582f13${second}${"2".padStart(64, "0")}`,
    });
    await openManage(human);
    await card(human, "Research Bot")
      .getByText(/requires 2 owners to sign/)
      .waitFor();
    for (const name of ["Stop now", "Pause"])
      expect(await button(human, name).isDisabled(), name).to.equal(true);
  });
});
