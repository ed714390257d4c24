import { installX402Proxies, PERMIT2 } from "@latchkey/devchain";
import { sessionStatus, verifyGrant } from "@latchkey/sdk";
import { permit2DomainSeparator } from "@latchkey/sdk/encoding";
import { expect } from "chai";
import { type Address, encodeFunctionData, erc20Abi, parseAbi } from "viem";
import { putPasskey } from "./environment/devicePasskey.ts";
import { newAgent, newHuman, usePage, world } from "./environment/fixture.ts";
import { latchkeySafe, passkeySafe } from "./environment/passkeySafe.ts";
import { button, chooseAccount, openReview, textOf } from "./environment/screens.ts";

describe("A human whose agent pays by Permit2", function () {
  this.timeout(60_000);
  usePage();
  before(() => installX402Proxies(world().testChain));

  const asking = () => {
    const { usdc, shop } = world();
    const limits = { perTransaction: "1", perDay: "20", recipients: [shop.address] };
    return newAgent({ budgets: { usdc: { token: usdc.address, ...limits, x402: "permit2" } } });
  };
  const allowance = (account: Address) => {
    const { client, usdc } = world();
    const abi = erc20Abi;
    return client.readContract({
      address: usdc.address,
      abi,
      functionName: "allowance",
      args: [account, PERMIT2],
    });
  };

  for (const version of ["1.4.1", "1.5.0"] as const)
    for (const [what, make] of Object.entries({
      "already has Latchkey": latchkeySafe,
      "does not have Latchkey": passkeySafe,
    }))
      it(`sees what a Safe ${version} that ${what} approves, and approves it with one prompt`, async () => {
        const { client } = world();
        const human = await newHuman();
        const safe = await make(await putPasskey(human), version);
        const agent = await asking();
        human.allow(agent.callback);
        await openReview(human, agent.handoff.link);
        expect(await textOf(human)).to.match(
          /Approves to Permit2.*140.*Anything else that can sign for this account could take up to that/s,
        );
        await chooseAccount(human, safe);
        const before = human.prompts.asserted;
        await button(human, "Allow with passkey").click();
        const grant = await agent.handoff.answer;
        expect(human.prompts.asserted).to.equal(before + 1);
        expect(await allowance(safe)).to.equal(140_000_000n);
        expect((await sessionStatus(client, grant)).state).to.equal("ENABLED");
        expect((await verifyGrant(client, grant)).valid).to.equal(true);
      });

  it("keeps another app's verifier of Permit2's domain: payments by signature stay off, and nothing is approved", async () => {
    const { testChain, shop } = world();
    const human = await newHuman();
    const safe = await latchkeySafe(await putPasskey(human), "1.5.0");
    const data = encodeFunctionData({
      abi: parseAbi(["function setDomainVerifier(bytes32 domainSeparator, address verifier)"]),
      args: [permit2DomainSeparator(testChain.chainId), shop.address],
    });
    await testChain.send({ from: safe, to: safe, data });
    const { handoff } = await asking();
    await openReview(human, handoff.link);
    await chooseAccount(human, safe);
    await human.page.getByText("Signed web payments (x402) are not available.").waitFor();
    expect(await textOf(human)).not.to.include("Approves to Permit2");
  });

  it("gets a new account that approves in the batch after its creation", async () => {
    const { client } = world();
    const human = await newHuman();
    const agent = await asking();
    human.allow(agent.callback);
    await openReview(human, agent.handoff.link);
    await button(human, "Create a passkey").click();
    await button(human, "Allow with passkey").click();
    const grant = await agent.handoff.answer;
    expect(await allowance(grant.session.account)).to.equal(140_000_000n);
    expect((await sessionStatus(client, grant)).state).to.equal("ENABLED");
  });
});
