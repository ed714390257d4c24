import {
  type EncodedCall,
  enabledGrant,
  enableSession,
  type Grant,
  hashSession,
  isRefusal,
  pauseSession,
  readBalanceFloors,
  renounceSession,
  replaceSession,
  resumeSession,
  revokeAllSessions,
  revokeSession,
  sessionState,
  sessionStatus,
  verifyGrant,
} from "@latchkey/sdk";
import { sessionHistory, spendMeter } from "@latchkey/sdk/history";
import { expect } from "chai";
import { createWalletClient, custom, type Hash } from "viem";
import {
  alice,
  execute,
  install,
  installWithoutGranter,
  key,
  pay,
  sessionOf,
  settle,
  stranger,
  USD,
  world,
} from "../../accounts/erc7579/fixture.ts";
import { onEveryAccount } from "../../accounts/erc7579/onEveryAccount.ts";
import { grantBy, proposalOf } from "./sessionGrants.ts";

describe("what the owner of an ERC-7579 account and its agent send", () => {
  onEveryAccount((account) => {
    const client = () => world().testChain.client;
    const send = async (calls: readonly EncodedCall[]): Promise<Hash> =>
      (await account().execute(calls)).transactionHash;
    const stateOf = (grant: Grant) =>
      sessionState(client(), {
        module: grant.module,
        id: hashSession(grant.session),
        account: grant.session.account,
      });
    const codeOf = async (attempt: Promise<unknown>): Promise<string> => {
      try {
        await attempt;
      } catch (error) {
        if (isRefusal(error)) return error.code;
        throw error;
      }
      throw new Error("it was not refused");
    };
    const wallet = (signer: typeof key) =>
      createWalletClient({
        account: signer,
        transport: custom(world().testChain.provider, { retryCount: 0 }),
      });

    it("enables, revokes and revokes all, by the owner's own client", async () => {
      await installWithoutGranter(account());
      const [one, other] = [proposalOf(account()), proposalOf(account(), { salt: 2n })];
      await enableSession(client(), { proposal: one, send });
      expect(await stateOf(enabledGrant(one))).to.equal("ENABLED");
      await revokeSession(client(), { grant: one, send });
      expect(await stateOf(enabledGrant(one))).to.equal("REVOKED");
      await enableSession(client(), { proposal: other, send });
      await revokeAllSessions(client(), { grant: other, send });
      const { address, kind } = account();
      const { events } = await sessionHistory(client(), {
        account: address,
        module: world().module,
        fromBlock: 0n,
      });
      expect(events.map(({ type }) => type)).to.deep.equal(["enabled", "revoked", "enabled", "epochChanged"]);
      if (kind === "safe7579") return;
      expect(await codeOf(revokeSession(wallet(stranger), { grant: one }))).to.equal("UNSUPPORTED_ACCOUNT");
    });

    it("pauses and resumes, by the owner's own client", async () => {
      await install(account());
      const grant = await grantBy(account());
      await pauseSession(client(), { grant, send });
      expect(await sessionStatus(client(), grant)).to.deep.include({
        active: false,
        reasons: ["PAUSED"],
        paused: true,
        state: "UNKNOWN",
      });
      const verdict = await verifyGrant(client(), grant);
      expect(verdict.valid || verdict.reason.code).to.equal("PAUSED");
      await resumeSession(client(), { grant, send });
      expect(await sessionStatus(client(), grant)).to.include({ active: true, paused: false });
      expect(await verifyGrant(client(), grant)).to.deep.equal({ valid: true });
      if (account().kind === "safe7579") return;
      for (const change of [pauseSession, resumeSession])
        expect(await codeOf(change(wallet(stranger), { grant }))).to.equal("UNSUPPORTED_ACCOUNT");
    });

    it("gives a session back by its key", async () => {
      await install(account());
      const grant = await grantBy(account());
      await world().testChain.setBalance(key.address, 10n ** 18n);
      expect(await codeOf(renounceSession(wallet(stranger), { grant }))).to.equal("NOT_KEY");
      await renounceSession(wallet(key), { grant });
      expect(await stateOf(grant)).to.equal("REVOKED");
    });

    it("replaces a session, but not once it has paid since its owner looked", async () => {
      await install(account());
      const old = await grantBy(account());
      const replacement = proposalOf(account(), { salt: 2n });
      const floors = await readBalanceFloors(client(), old);
      await execute(sessionOf(account()), [pay(alice, USD)], old.signature);
      expect(await codeOf(replaceSession(client(), { old, replacement, floors, send }))).to.equal(
        "SPENT_MEANWHILE",
      );
      const looked = await readBalanceFloors(client(), old);
      // The payment by signature comes in when the owner has signed, before the batch is included.
      const late = async (calls: readonly EncodedCall[]) => {
        await settle(account(), sessionOf(account()), { value: 1n });
        return send(calls);
      };
      const attempt = replaceSession(client(), { old, replacement, floors: looked, send: late });
      expect(await codeOf(attempt)).to.equal("SPENT_MEANWHILE");
      expect(await stateOf(old)).to.equal("ENABLED");
      expect(await stateOf(enabledGrant(replacement))).to.equal("UNKNOWN");
      await replaceSession(client(), { old, replacement, send });
      expect(await stateOf(old)).to.equal("REVOKED");
      expect(await stateOf(enabledGrant(replacement))).to.equal("ENABLED");
      const { events } = await sessionHistory(client(), { grant: old, fromBlock: 0n });
      expect(spendMeter(old, events)[0]).to.include({ spent: USD + 1n, payments: 2 });
    });
  });
});
