import { enabledGrant, isRefusal, latchkeyActions, signGrant } from "@latchkey/sdk";
import { expect } from "chai";
import { createPublicClient, createWalletClient, custom } from "viem";
import { base } from "viem/chains";
import { agent, grantOf, mined, owner, propose, shop, stateOf, useSafe } from "./safeFixture.ts";

describe("the SDK's functions as actions of a viem client", function () {
  this.timeout(60_000);
  const world = useSafe("1.4.1");
  const transport = () => custom(world().env.connection.provider, { retryCount: 0 });
  const walletOf = (account: typeof agent) =>
    createWalletClient({ account, chain: base, transport: transport() }).extend(latchkeyActions());
  const reader = () => createPublicClient({ chain: base, transport: transport() }).extend(latchkeyActions());

  it("propose, verify, pay, execute, tell what is left, and give the session back", async () => {
    const { session } = await propose(world());
    const proposal = await reader().proposeSession({
      account: session.account,
      key: agent,
      budgets: { usdc: { perTransaction: "1", perDay: "20", recipients: [shop] } },
      until: "7d",
    });
    expect(proposal.session.budgets).to.deep.equal(session.budgets);
    const grant = await signGrant(owner, proposal);
    expect(await reader().verifyGrant(grant)).to.deep.equal({ valid: true });
    await mined(world(), walletOf(agent).pay({ grant, to: shop, amount: "0.20" }));
    const usdc = proposal.session.budgets[0]?.token;
    if (!usdc) throw new Error("no budget");
    await mined(world(), walletOf(agent).pay({ grant, to: shop, amount: "0.30", token: usdc }));
    expect((await reader().sessionStatus(grant)).budgets[0]?.spent).to.equal(500_000n);
    await mined(world(), walletOf(agent).renounceSession({ grant }));
    expect(await stateOf(world(), grant)).to.equal("REVOKED");
  });

  it("enable, pause, resume, replace and revoke, for the owner", async () => {
    const wallet = walletOf(owner);
    const [old, replacement] = [await propose(world()), await propose(world())];
    await mined(world(), wallet.enableSession({ proposal: old }));
    const grant = enabledGrant(old);
    await mined(world(), wallet.pauseSession({ grant }));
    expect((await reader().sessionStatus(grant)).paused).to.equal(true);
    await mined(world(), wallet.resumeSession({ grant }));
    const floors = await reader().readBalanceFloors(old);
    await mined(world(), wallet.replaceSession({ old, replacement, floors }));
    expect(await stateOf(world(), old)).to.equal("REVOKED");
    await mined(world(), wallet.revokeSession({ grant: replacement }));
    expect(await stateOf(world(), replacement)).to.equal("REVOKED");
    const last = await grantOf(world());
    await mined(world(), wallet.revokeAllSessions({ grant: last }));
    expect((await reader().sessionStatus(last)).reasons).to.include("WRONG_EPOCH");
  });

  it("are refused in words where the client has no account", async () => {
    const grant = await grantOf(world());
    for (const attempt of [
      reader().pay({ grant, to: shop, amount: "0.20" }),
      reader().revokeSession({ grant }),
    ]) {
      const refusal = await attempt.then(
        () => expect.fail("it was sent"),
        (error: unknown) => error,
      );
      expect(isRefusal(refusal), String(refusal)).to.equal(true);
    }
  });
});
