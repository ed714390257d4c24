import { RELAYER, SAFE_VERSIONS } from "@latchkey/devchain";
import {
  decodeError,
  execute,
  executeSigned,
  type Grant,
  hashSession,
  pauseSession,
  pay,
  resumeSession,
  revokeSession,
  sessionStatus,
  verifyGrant,
} from "@latchkey/sdk";
import { sessionModuleAbi } from "@latchkey/sdk/abis";
import { encodePause, encodeResume, signExecution } from "@latchkey/sdk/encoding";
import { expect } from "chai";
import { decodeFunctionData } from "viem";
import {
  agent,
  balanceOf,
  grantOf,
  mined,
  owner,
  refusalOf,
  settle,
  shop,
  stateOf,
  useSafe,
  walletOf,
} from "./safeFixture.ts";

describe("the call that pauses a session, and the one that resumes it", () => {
  const module = "0x0000000000000000000000000000000000005e55";
  const id = `0x${"12".repeat(32)}` as const;

  it("is the module's, by the session's id or by its grant", () => {
    for (const [encode, functionName] of [
      [encodePause, "pause"],
      [encodeResume, "resume"],
    ] as const) {
      const { to, value, data } = encode({ module, id });
      expect([to.toLowerCase(), value]).to.deep.equal([module, 0n]);
      expect(decodeFunctionData({ abi: sessionModuleAbi, data })).to.deep.equal({ functionName, args: [id] });
    }
  });
});

for (const version of SAFE_VERSIONS)
  describe(`a paused session of a Safe ${version}`, function () {
    this.timeout(60_000);
    const world = useSafe(version);
    const client = () => world().env.testChain.client;
    const ownerWallet = () => walletOf(world(), owner);
    const agentWallet = () => walletOf(world(), agent);
    const status = (grant: Grant) => sessionStatus(client(), grant);
    const payShop = (grant: Grant) => pay(agentWallet(), { grant, to: shop, amount: "0.20" });
    const pause = (grant: Grant) => mined(world(), pauseSession(ownerWallet(), { grant }));
    const resume = (grant: Grant) => mined(world(), resumeSession(ownerWallet(), { grant }));

    it("is refused before anything is sent, whichever way it is used, and works again when resumed", async () => {
      const grant = await grantOf(world());
      await mined(world(), payShop(grant));
      const deadline = grant.session.validUntil - 1;
      const transfer = { to: world().env.usdc.address, data: "0x" as const };
      const signed = await signExecution(agent, { grant, calls: [transfer], caller: "anyone", deadline });
      await pause(grant);
      const count = () => client().getTransactionCount({ address: agent.address });
      const before = await count();
      const attempts = [
        payShop(grant),
        execute(agentWallet(), { grant, calls: [transfer] }),
        executeSigned(agentWallet(), { grant, signed }),
      ];
      for (const attempt of attempts) {
        const refusal = await refusalOf(attempt);
        expect(refusal.code).to.equal("PAUSED");
        expect(refusal.details).to.deep.equal({ id: hashSession(grant.session) });
      }
      expect(await count()).to.equal(before);
      expect(await balanceOf(world(), shop)).to.equal(200_000n);
      await resume(grant);
      await mined(world(), payShop(grant));
      expect(await balanceOf(world(), shop)).to.equal(400_000n);
    });

    it("says so of its status, and not what its state is instead", async () => {
      const grant = await grantOf(world());
      expect(await status(grant)).to.deep.include({ active: true, reasons: [], paused: false });
      await mined(world(), payShop(grant));
      await pause(grant);
      expect(await status(grant)).to.deep.include({
        active: false,
        reasons: ["PAUSED"],
        state: "ENABLED",
        paused: true,
      });
      expect(await stateOf(world(), grant)).to.equal("ENABLED");
      const verdict = await verifyGrant(client(), grant);
      expect(verdict.valid || verdict.reason.code).to.equal("PAUSED");
      await resume(grant);
      expect(await status(grant)).to.deep.include({ active: true, reasons: [], paused: false });
      expect(await verifyGrant(client(), grant)).to.deep.equal({ valid: true });
    });

    it("is paused before it was ever used, by its proposal alone", async () => {
      const grant = await grantOf(world());
      const proposal = { ...grant, session: grant.session };
      await mined(world(), pauseSession(ownerWallet(), { grant: proposal }));
      expect((await refusalOf(payShop(grant))).code).to.equal("PAUSED");
      expect(await status(grant)).to.deep.include({ reasons: ["PAUSED"], state: "UNKNOWN", paused: true });
      await mined(world(), resumeSession(ownerWallet(), { grant: proposal }));
      await mined(world(), payShop(grant));
    });

    it("settles nothing that its key signs, and settles it once it is resumed", async () => {
      const grant = await grantOf(world());
      await pause(grant);
      let refused: unknown;
      await settle(world(), grant).catch((error: unknown) => {
        refused = error;
      });
      expect(decodeError(refused).code).to.equal("TOKEN_INVALID_SIGNATURE");
      await resume(grant);
      await settle(world(), grant);
      expect(await balanceOf(world(), shop)).to.equal(1_000_000n);
    });

    it("stays revoked once it is, whatever is resumed", async () => {
      const grant = await grantOf(world());
      await pause(grant);
      await mined(world(), revokeSession(ownerWallet(), { grant }));
      expect((await status(grant)).reasons).to.deep.equal(["REVOKED", "PAUSED"]);
      expect((await refusalOf(payShop(grant))).code).to.equal("REVOKED");
      await resume(grant);
      expect((await status(grant)).reasons).to.deep.equal(["REVOKED"]);
      expect((await refusalOf(payShop(grant))).code).to.equal("REVOKED");
    });

    it("keeps what others use of the account", async () => {
      const [grant, other] = [await grantOf(world()), await grantOf(world())];
      await pause(grant);
      await mined(world(), payShop(other));
      expect((await status(other)).paused).to.equal(false);
    });

    it("is the owner's to pause and resume: its key cannot, nor on another chain", async () => {
      const grant = await grantOf(world());
      for (const change of [pauseSession, resumeSession]) {
        expect((await refusalOf(change(agentWallet(), { grant }))).code).not.to.equal("UNKNOWN");
        const elsewhere = { ...grant, chainId: 1 };
        expect((await refusalOf(change(ownerWallet(), { grant: elsewhere }))).code).to.equal("WRONG_CHAIN");
      }
      // Sent by anyone but the account, it pauses a session of the sender's, who has none.
      const { env } = world();
      await env.testChain.send({ from: RELAYER, ...encodePause(grant) });
      expect((await status(grant)).paused).to.equal(false);
    });
  });
