import { SAFE_VERSIONS } from "@latchkey/devchain";
import {
  enabledGrant,
  enableSession,
  type Grant,
  pay,
  renounceSession,
  revokeAllSessions,
  revokeSession,
  verifyGrant,
} from "@latchkey/sdk";
import { expect } from "chai";
import { createPublicClient, custom } from "viem";
import {
  agent,
  grantOf,
  mined,
  owner,
  propose,
  refusalOf,
  shop,
  stateOf,
  useSafe,
  walletOf,
} from "./safeFixture.ts";

for (const version of SAFE_VERSIONS)
  describe(`what the owner of a Safe ${version} and its agent send`, function () {
    this.timeout(60_000);
    const world = useSafe(version);
    const ownerWallet = () => walletOf(world(), owner);
    const agentWallet = () => walletOf(world(), agent);
    const payShop = (grant: Grant) => pay(agentWallet(), { grant, to: shop, amount: "0.20" });

    it("enables a session, which then needs no signature", async () => {
      const proposal = await propose(world());
      const grant = enabledGrant(proposal);
      expect((await refusalOf(payShop(grant))).code).to.equal("NOT_GRANTED");
      await mined(world(), enableSession(ownerWallet(), { proposal }));
      expect(await verifyGrant(world().env.testChain.client, grant)).to.deep.equal({ valid: true });
      await mined(world(), payShop(grant));
    });

    it("does not ask the owner to enable what the module would refuse", async () => {
      const proposal = await propose(world());
      const malformed = { ...proposal, session: { ...proposal.session, validUntil: 1 } };
      expect((await refusalOf(enableSession(ownerWallet(), { proposal: malformed }))).code).to.equal(
        "MALFORMED_SESSION",
      );
      const stale = { ...proposal, session: { ...proposal.session, epoch: 7n } };
      expect((await refusalOf(enableSession(ownerWallet(), { proposal: stale }))).code).to.equal(
        "WRONG_EPOCH",
      );
      const elsewhere = { ...proposal, chainId: 1 };
      expect((await refusalOf(enableSession(ownerWallet(), { proposal: elsewhere }))).code).to.equal(
        "WRONG_CHAIN",
      );
    });

    it("revokes a session by its proposal alone, before anybody used it", async () => {
      const proposal = await propose(world());
      await mined(world(), revokeSession(ownerWallet(), { grant: proposal }));
      expect(await stateOf(world(), proposal)).to.equal("REVOKED");
    });

    it("gives a session back by its key, granted or not, and by nobody else", async () => {
      const [unused, used] = [await propose(world()), await grantOf(world())];
      await mined(world(), payShop(used));
      for (const grant of [unused, used]) {
        expect((await refusalOf(renounceSession(ownerWallet(), { grant }))).code).to.equal("NOT_KEY");
        await mined(world(), renounceSession(agentWallet(), { grant }));
        expect(await stateOf(world(), grant)).to.equal("REVOKED");
      }
      expect((await refusalOf(payShop(used))).code).to.equal("REVOKED");
      expect(
        (await refusalOf(renounceSession(agentWallet(), { grant: { ...used, chainId: 1 } }))).code,
      ).to.equal("WRONG_CHAIN");
    });

    it("ends every session at once, used or not, by a grant or by the account's name", async () => {
      const grants = [await grantOf(world()), await grantOf(world())] as const;
      await mined(world(), payShop(grants[0]));
      await mined(world(), revokeAllSessions(ownerWallet(), { grant: grants[1] }));
      for (const grant of grants) expect((await refusalOf(payShop(grant))).code).to.equal("WRONG_EPOCH");
      const later = await grantOf(world());
      await mined(world(), payShop(later));
      const { module, accountKind } = later;
      await mined(
        world(),
        revokeAllSessions(ownerWallet(), { account: world().safe.address, accountKind, module }),
      );
      expect((await refusalOf(payShop(later))).code).to.equal("WRONG_EPOCH");
    });

    it("needs somebody who pays, or who sends", async () => {
      const reader = createPublicClient({ transport: custom(world().env.connection.provider) });
      const proposal = await propose(world());
      // What a program without types would pass.
      const untyped = revokeSession as unknown as (client: unknown, parameters: unknown) => Promise<unknown>;
      expect((await refusalOf(untyped(reader, { grant: proposal }))).code).to.equal("INVALID_SIGNER");
      const sent: unknown[] = [];
      const hash = await revokeSession(reader, {
        grant: proposal,
        send: async (calls) => {
          sent.push(...calls);
          return "0x1234";
        },
      });
      expect(hash).to.equal("0x1234");
      expect(sent).to.have.length(1);
    });
  });
