import { expect } from "chai";
import { breakChain, mendChain } from "./environment/chainFaults.ts";
import { putPasskey } from "./environment/devicePasskey.ts";
import { newAgent, newHuman, usePage, world } from "./environment/fixture.ts";
import { latchkeySafe } from "./environment/passkeySafe.ts";
import { button, chooseAccount, expectNothingToAllow, failure, openReview } from "./environment/screens.ts";
import { strangersLink } from "./environment/strangersLink.ts";

describe("When something fails, the page says what, and the user can continue:", function () {
  this.timeout(60_000);
  usePage();

  it("a rejected prompt for a new passkey", async () => {
    const agent = await newAgent();
    const human = await newHuman({ of: [agent] });
    await openReview(human, agent.handoff.link);
    await human.refuse(true);
    await button(human, "Create a passkey").click();
    expect(await failure(human)).to.match(/passkey prompt was closed.*try again/i);
    await human.refuse(false);
    await button(human, "Create a passkey").click();
    await button(human, "Allow with passkey").click();
    expect((await agent.handoff.answer).session.key).to.equal(agent.key.address);
  });

  it("a rejected prompt for the signature", async () => {
    const agent = await newAgent();
    const human = await newHuman({ of: [agent] });
    await openReview(human, agent.handoff.link);
    await button(human, "Create a passkey").click();
    await button(human, "Allow with passkey").waitFor();
    await human.refuse(true);
    await button(human, "Allow with passkey").click();
    expect(await failure(human)).to.match(/passkey prompt was closed.*nothing was signed.*try again/i);
    await human.refuse(false);
    await button(human, "Allow with passkey").click();
    expect((await agent.handoff.answer).session.key).to.equal(agent.key.address);
    expect(human.prompts).to.deep.equal({ created: 1, asserted: 1 });
  });

  it("a browser without passkeys", async () => {
    const { handoff } = await newAgent();
    const human = await newHuman();
    await human.page.addInitScript(() => {
      Reflect.deleteProperty(globalThis, "PublicKeyCredential");
    });
    await openReview(human, handoff.link);
    if ((await human.page.getByRole("alert").count()) === 0) await button(human, "Create a passkey").click();
    expect(await failure(human)).to.include("cannot use passkeys");
    await expectNothingToAllow(human);
  });

  it("a device without user verification: its signature is not accepted", async () => {
    const agent = await newAgent();
    const human = await newHuman({ of: [agent] });
    await openReview(human, agent.handoff.link);
    await button(human, "Create a passkey").click();
    await button(human, "Allow with passkey").waitFor();
    const { cdp, authenticatorId } = human;
    await cdp.send("WebAuthn.setResponseOverrideBits", { authenticatorId, isBadUV: true });
    await button(human, "Allow with passkey").click();
    await failure(human);
    await cdp.send("WebAuthn.setResponseOverrideBits", { authenticatorId, isBadUV: false });
    await button(human, "Allow with passkey").click();
    expect((await agent.handoff.answer).session.key).to.equal(agent.key.address);
  });

  it("an authenticator with a wrong signature: the agent never gets it", async () => {
    const agent = await newAgent();
    const human = await newHuman({ of: [agent] });
    await openReview(human, agent.handoff.link);
    await button(human, "Create a passkey").click();
    await button(human, "Allow with passkey").waitFor();
    const { cdp, authenticatorId } = human;
    await cdp.send("WebAuthn.setResponseOverrideBits", { authenticatorId, isBogusSignature: true });
    await button(human, "Allow with passkey").click();
    await failure(human);
    expect(human.requests.some((url) => url === agent.callback)).to.equal(false);
  });

  it("a device that does not have the passkey of the account", async () => {
    const human = await newHuman();
    const safe = await latchkeySafe(await putPasskey(await newHuman()), "1.4.1");
    const { handoff } = await newAgent({ account: safe });
    await openReview(human, handoff.link);
    await chooseAccount(human, safe);
    await button(human, "Allow with passkey").click();
    expect(await failure(human)).to.match(/no matching passkey was found.*use the one that does/i);
  });

  it("a passkey that is not the account's owner", async () => {
    const human = await newHuman();
    const agent = await newAgent();
    human.allow(agent.callback);
    const safe = await latchkeySafe(await putPasskey(await newHuman()), "1.4.1");
    await putPasskey(human);
    await openReview(human, agent.handoff.link);
    await chooseAccount(human, safe);
    await button(human, "Allow with passkey").click();
    expect(await failure(human)).to.include("This passkey does not own this account");
    expect(human.requests.some((url) => url === agent.callback)).to.equal(false);
  });

  it("an agent that did not get the response: it is sent again without a new prompt, even after the page was closed", async () => {
    const agent = await newAgent();
    const human = await newHuman();
    human.expectProblem(/net::ERR_/);
    human.allow(agent.callback);
    await openReview(human, agent.handoff.link);
    await human.context.route(`${agent.callback}`, (route) => route.abort("connectionrefused"));
    await button(human, "Create a passkey").click();
    await button(human, "Allow with passkey").click();
    expect(await failure(human)).to.match(/could not reach the waiting agent.*not lost/i);
    await human.context.unroute(`${agent.callback}`);
    await human.page.goto("about:blank");
    await openReview(human, agent.handoff.link);
    await button(human, "Send that response again").click();
    expect((await agent.handoff.answer).session.key).to.equal(agent.key.address);
    await human.page.getByText(/Your agent has received the response/).waitFor();
    expect(human.prompts).to.deep.equal({ created: 1, asserted: 1 });
  });

  it("a chain that is lost right after the passkey was created: its account is offered, and no second passkey is needed", async () => {
    const agent = await newAgent();
    const human = await newHuman({ of: [agent] });
    await openReview(human, agent.handoff.link);
    await breakChain(human, "unreachable");
    await button(human, "Create a passkey").click();
    expect(await failure(human)).to.match(/could not connect/i);
    const use = button(human, "Use this account");
    await use.waitFor();
    await mendChain(human);
    await use.click();
    await button(human, "Allow with passkey").click();
    expect((await agent.handoff.answer).session.key).to.equal(agent.key.address);
    expect(human.prompts).to.deep.equal({ created: 1, asserted: 1 });
  });

  it("an expired link, which cannot be retried", async () => {
    const human = await newHuman();
    await human.page.goto(strangersLink({ until: Math.floor(Date.now() / 1000) - 60 }));
    expect(await failure(human)).to.match(/This request has expired.*Ask your agent for a new link/);
    expect(await button(human, /try again/i).count()).to.equal(0);
    await button(human, "Decline").waitFor();
  });

  it("a link with a deeply nested error: no path, and no advice for developers", async () => {
    const human = await newHuman();
    await human.page.goto(strangersLink({ budgets: [{ period: -1 }] }));
    const text = await failure(human);
    expect(text).to.match(/does not contain a valid request.*ask your agent for a new one/);
    expect(text).not.to.match(/budgets|period|\[\d\]|\.\d\.|expected|Have nothing signed/i);
  });

  it("a site with a corrupted list of chains", async () => {
    const human = await newHuman();
    await human.context.route("**/config.json", (route) =>
      route.fulfill({ json: { chains: [{ id: "x" }] } }),
    );
    await human.page.goto(world().page.url);
    const text = await failure(human);
    expect(text).to.match(/This site is misconfigured/);
    expect(text).not.to.match(/expected|invalid/i);
  });

  it("an unreachable chain", async () => {
    const { handoff } = await newAgent();
    const human = await newHuman();
    await breakChain(human, "unreachable");
    await human.page.goto(handoff.link);
    expect(await failure(human)).to.include("Could not connect to Local chain");
    await expectNothingToAllow(human);
    await mendChain(human);
    await button(human, /try again/i).click();
    await button(human, "Create a passkey").waitFor();
  });

  it("a node of another chain", async () => {
    const { handoff } = await newAgent();
    const human = await newHuman();
    await breakChain(human, "another chain");
    await human.page.goto(handoff.link);
    expect(await failure(human)).to.match(/another chain/);
    await expectNothingToAllow(human);
  });

  it("a device whose clock is an hour behind", async () => {
    const { handoff } = await newAgent();
    const human = await newHuman();
    await human.page.clock.install({ time: Date.now() - 3_600_000 });
    await human.page.goto(handoff.link);
    await human.page
      .getByText(/This device's clock is off by (59|60|61) minutes from the chain's time/)
      .waitFor();
  });

  it("an agent that no longer waits: the response is not lost", async () => {
    const agent = await newAgent();
    const human = await newHuman({ of: [agent] });
    human.expectProblem(/Failed to load resource: net::ERR_/);
    await openReview(human, agent.handoff.link);
    await button(human, "Create a passkey").click();
    await button(human, "Allow with passkey").waitFor();
    await agent.handoff.close();
    await button(human, "Allow with passkey").click();
    expect(await failure(human)).to.match(/could not reach the waiting agent.*not lost/i);
    await button(human, "Copy the response").waitFor();
    await button(human, "Save the response").waitFor();
  });
});
