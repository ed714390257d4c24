import { deployMock, type Mock } from "@latchkey/accounts/deployMock";
import { PERMIT2, RELAYER, usdcAbi } from "@latchkey/devchain";
import {
  enabledGrant,
  enableSession,
  type Grant,
  type Proposal,
  permit2Calls,
  permit2Standing,
  replaceSession,
  revokeAllSessions,
  revokeSession,
  type SafeVersion,
  type SessionRequest,
  signGrant,
  verifyGrant,
} from "@latchkey/sdk";
import { permit2DomainSeparator } from "@latchkey/sdk/encoding";
import { expect } from "chai";
import { type Address, encodeFunctionData, erc20Abi, getAddress, maxUint256 } from "viem";
import { mined, owner, propose, refusalOf, shop, USD, useSafe, walletOf } from "../safeFixture.ts";
import {
  allowanceAbi,
  allowanceOf,
  approve,
  asAccount,
  DAY,
  domainAbi,
  payByPermit2,
  usePermit2,
} from "./fixture.ts";

/** Seven days of $20. */
const WEEK = 140n * USD;

for (const version of ["1.4.1", "1.5.0"] as SafeVersion[])
  describe(`the approval of Permit2 by a Safe ${version}`, function () {
    this.timeout(60_000);
    const world = useSafe(version);
    usePermit2(world);
    const client = () => world().env.testChain.client;
    const wallet = () => walletOf(world(), owner);
    let token: Address;
    let fromBlock: bigint;
    const place = async (mock: string) => {
      const placed: Mock = await deployMock(world().env.testChain, mock);
      await placed.write("mint", [world().safe.address, 1_000_000n * USD]);
      return getAddress(placed.address);
    };
    const proposed = (changes: Partial<SessionRequest> = {}, of = token): Promise<Proposal> =>
      propose(world(), {
        budgets: { [of]: { perTransaction: "1", perDay: "20", recipients: [shop], x402: true } },
        ...changes,
      });
    const search = (grants: readonly Grant[] = []) => ({ fromBlock, grants });
    const enable = async (proposal: Proposal) => {
      const permit2 = await permit2Calls(client(), { enabling: proposal, ...search() });
      await mined(world(), enableSession(wallet(), { proposal, permit2 }));
      return enabledGrant(proposal);
    };
    const enabled = async (changes: Partial<SessionRequest> = {}) => enable(await proposed(changes));
    const revoke = async (grant: Grant) => {
      const permit2 = await permit2Calls(client(), { revoking: grant, ...search() });
      await mined(world(), revokeSession(wallet(), { grant, permit2 }));
    };
    const revokeAll = async (grant: Grant) => {
      const { safe, latchkey } = world();
      const permit2 = await permit2Calls(client(), {
        account: safe.address,
        accountKind: "safe",
        module: latchkey.module,
        revoking: "all",
        ...search(),
      });
      await mined(world(), revokeAllSessions(wallet(), { grant, permit2 }));
    };
    const allowance = (of = token) => allowanceOf(world(), of, world().safe.address);
    const standing = (grants: readonly Grant[] = [], of = token) =>
      permit2Standing(client(), {
        account: world().safe.address,
        module: world().latchkey.module,
        token: of,
        ...search(grants),
      });
    const later = (seconds: number) => world().env.connection.networkHelpers.time.increase(seconds);

    beforeEach(async () => {
      fromBlock = await client().getBlockNumber();
      token = await place("StandardToken");
    });

    it("is given with the session, in one batch, for what the session can spend, and its payments settle", async () => {
      const grant = await enabled();
      expect(await allowance()).to.equal(WEEK);
      await payByPermit2(world(), grant.session);
      await payByPermit2(world(), grant.session, { method: "upto", amount: 3n, node: { lot: 1n } });
      expect(await allowance()).to.equal(WEEK - USD - 3n);
      expect((await verifyGrant(client(), grant)).valid).to.equal(true);
    });
    it("is missing after a signature alone, which verifying the grant tells", async () => {
      const grant = await signGrant(owner, await proposed());
      const verdict = await verifyGrant(client(), grant);
      expect(verdict.valid).to.equal(false);
      expect(!verdict.valid && verdict.reason.code).to.equal("APPROVAL");
      expect(!verdict.valid && verdict.reason.details).to.deep.equal({ token });
      await approve(world(), token, 1n);
      expect((await verifyGrant(client(), grant)).valid).to.equal(true);
    });
    it("is asked for: nothing is signed without", async () => {
      const proposal = await proposed();
      const refusal = await refusalOf(enableSession(wallet(), { proposal }));
      expect(refusal.code).to.equal("APPROVAL");
      expect(refusal.message).to.include("permit2Calls");
      const old = await signGrant(owner, await proposed({ until: "1d" }));
      const replacing = replaceSession(wallet(), { old, replacement: proposal });
      expect((await refusalOf(replacing)).code).to.equal("APPROVAL");
      expect(await allowance()).to.equal(0n);
    });
    it("is left alone by sessions that Permit2 does not pay for", async () => {
      const proposal = await proposed({
        budgets: { usdc: { perTransaction: "1", perDay: "20", recipients: [shop] } },
      });
      await mined(world(), enableSession(wallet(), { proposal }));
      const { usdc } = world().env;
      expect(await allowance(usdc.address)).to.equal(0n);
    });

    it("adds up over two sessions, and falls to what the other needs when one is revoked", async () => {
      const first = await enabled();
      await payByPermit2(world(), first.session);
      const second = await enabled({ until: "2d" });
      // Of the first 139 are left, of the second 40.
      expect(await allowance()).to.equal(WEEK - USD + 40n * USD);
      await payByPermit2(world(), second.session, { node: { lot: 3n } });
      const { needed, missing, excess, sessions } = await standing();
      expect({ needed, missing, excess }).to.deep.equal({ needed: 178n * USD, missing: 0n, excess: 0n });
      expect(sessions.map((one) => one.needed)).to.deep.equal([139n * USD, 39n * USD]);
      await revoke(first);
      expect(await allowance()).to.equal(39n * USD);
      await payByPermit2(world(), second.session, { node: { lot: 4n } });
      await revoke(second);
      expect(await allowance()).to.equal(0n);
    });
    it("is lowered days later too, when less was spent than could be", async () => {
      const first = await enabled();
      const second = await enabled({ until: "30d" });
      await later(2 * DAY);
      await revoke(second);
      expect(await allowance()).to.equal(100n * USD);
      await later(6 * DAY);
      expect((await standing()).excess).to.equal(100n * USD);
      await revoke(first);
      expect(await allowance()).to.equal(0n);
    });
    it("is lowered when all sessions are revoked", async () => {
      const grant = await enabled();
      await enabled();
      await revokeAll(grant);
      expect(await allowance()).to.equal(0n);
    });
    it("stays when a session is revoked without it", async () => {
      const grant = await enabled();
      await mined(world(), revokeSession(wallet(), { grant }));
      expect(await allowance()).to.equal(WEEK);
    });
    it("follows a replacement", async () => {
      const old = await enabled();
      const replacement = await proposed({ until: "3d" });
      const permit2 = await permit2Calls(client(), { enabling: replacement, revoking: old, ...search() });
      await mined(world(), replaceSession(wallet(), { old, replacement, permit2 }));
      expect(await allowance()).to.equal(60n * USD);
      await payByPermit2(world(), replacement.session);
    });
    it("counts sessions that only their grant files know", async () => {
      const known = await signGrant(owner, await proposed());
      const proposal = await proposed();
      const permit2 = await permit2Calls(client(), { enabling: proposal, ...search([known]) });
      await mined(world(), enableSession(wallet(), { proposal, permit2 }));
      expect(await allowance()).to.equal(2n * WEEK);
      expect((await standing([known])).missing).to.equal(0n);
      expect((await standing()).excess).to.equal(WEEK);
    });

    for (const larger of [maxUint256, 1000n * USD])
      it(`stays where it was larger (${larger}), and is shown`, async () => {
        await approve(world(), token, larger);
        const grant = await enabled();
        expect(await allowance()).to.equal(larger);
        expect((await standing()).excess).to.equal(larger - WEEK);
        await revoke(grant);
        expect(await allowance()).to.equal(larger);
      });

    it("goes by way of 0 where the token wants that", async () => {
      token = await place("NoReturnToken");
      const first = await enabled();
      const second = await enabled();
      expect(await allowance()).to.equal(2n * WEEK);
      await payByPermit2(world(), second.session);
      await revoke(first);
      expect(await allowance()).to.equal(WEEK - USD);
      await revoke(second);
      expect(await allowance()).to.equal(0n);
    });
    it("is all there is, of a token whose allowances have 96 bits, where sessions may spend more", async () => {
      token = await place("Uint96Token");
      const budgets = {
        [token]: {
          perTransaction: String(2n ** 60n),
          perDay: String(2n ** 80n),
          recipients: [shop],
          x402: true,
        },
      };
      const grant = await enabled({ budgets, until: `${2 ** 30}d` });
      expect(await allowance()).to.equal(1_000_000n * USD);
      await payByPermit2(world(), grant.session);
      await enabled();
      expect(await allowance()).to.equal(1_000_000n * USD);
      await revoke(grant);
      expect(await allowance(), "what the other needs").to.equal(WEEK);
      await revokeAll(grant);
      expect(await allowance()).to.equal(0n);
    });
    it("is not given where the token would only pretend to", async () => {
      const { address, write } = await deployMock(world().env.testChain, "FalseToken");
      await write("refuseApprovals", [true]);
      token = getAddress(address);
      const refusal = await refusalOf(enabled());
      expect(refusal.code).to.equal("TOKEN_CALL_FAILED");
      expect(refusal.shortMessage).to.include(token);
    });
    it("does not stand in the way of revoking, where the token rejects a lower one", async () => {
      const { usdc, testChain } = world().env;
      const budgets = {
        usdc: { perTransaction: "1", perDay: "20", recipients: [shop], x402: "permit2" as const },
      };
      const grant = await enabled({ budgets });
      expect(await allowance(usdc.address)).to.equal(WEEK);
      const data = encodeFunctionData({ abi: usdcAbi, functionName: "pause" });
      await testChain.send({ from: usdc.roles.pauser, to: usdc.address, data });
      await revoke(grant);
      expect(await allowance(usdc.address)).to.equal(WEEK);
      expect(!(await verifyGrant(client(), grant)).valid).to.equal(true);
    });

    describe("where another may take money out of Permit2 already", () => {
      const spender = getAddress(RELAYER);
      const allow = async (amount: bigint, expiration: number, of = token) =>
        asAccount(
          world(),
          PERMIT2,
          encodeFunctionData({
            abi: allowanceAbi,
            functionName: "approve",
            args: [of, spender, amount, expiration],
          }),
        );
      const inPermit2 = async (of = token) =>
        (
          await client().readContract({
            address: PERMIT2,
            abi: allowanceAbi,
            functionName: "allowance",
            args: [world().safe.address, of, spender],
          })
        )[0];
      const take = () =>
        world().env.testChain.send({
          from: spender,
          to: PERMIT2,
          data: encodeFunctionData({
            abi: allowanceAbi,
            functionName: "transferFrom",
            args: [world().safe.address, spender, 1n, token],
          }),
        });

      it("takes that away in the same batch, of the session's tokens alone", async () => {
        const { usdc } = world().env;
        await allow(5n * USD, 2 ** 40);
        await allow(5n * USD, 2 ** 40, usdc.address);
        expect((await standing()).spenders).to.deep.equal([
          { token, spender, amount: 5n * USD, expiresAt: 2 ** 40 },
        ]);
        await enabled();
        expect(await inPermit2()).to.equal(0n);
        expect(await inPermit2(usdc.address)).to.equal(5n * USD);
        expect((await standing()).spenders).to.deep.equal([]);
        expect(
          await take().then(
            () => "taken",
            () => "refused",
          ),
        ).to.equal("refused");
      });
      it("would be what the approval opens, without that", async () => {
        await allow(5n * USD, 2 ** 40);
        await approve(world(), token, USD);
        await take();
        expect(
          await client().readContract({
            address: token,
            abi: erc20Abi,
            args: [spender],
            functionName: "balanceOf",
          }),
        ).to.equal(1n);
      });
      it("does not show what has expired or is used up", async () => {
        const { timestamp } = await client().getBlock();
        await allow(5n * USD, Number(timestamp) + 10);
        expect((await standing()).spenders).to.have.lengthOf(1);
        await later(20);
        expect((await standing()).spenders).to.deep.equal([]);
      });
    });

    it("is told before anything is sent, with what becomes of it", async () => {
      const { safe } = world();
      const { calls, changes } = await permit2Calls(client(), {
        enabling: await proposed(),
        ...search(),
      });
      expect(changes).to.have.lengthOf(1);
      expect(changes[0]).to.deep.include({ token, allowance: 0n, needed: WEEK, becomes: WEEK });
      expect(calls.map(({ to }) => to)).to.deep.equal(version === "1.5.0" ? [safe.address, token] : [token]);
    });

    if (version === "1.5.0") {
      const separator = () => permit2DomainSeparator(world().env.testChain.chainId);
      const verifier = () =>
        client().readContract({
          address: world().safe.address,
          abi: domainAbi,
          functionName: "domainVerifiers",
          args: [world().safe.address, separator()],
        });
      it("comes with the module as verifier of Permit2's domain, once", async () => {
        await enabled();
        expect(await verifier()).to.equal(world().latchkey.module);
        const { calls } = await permit2Calls(client(), {
          enabling: await proposed(),
          ...search(),
        });
        expect(calls.map(({ to }) => to)).to.deep.equal([token]);
      });
      it("is refused where another contract is that verifier, which stays", async () => {
        const proposal = await proposed();
        await asAccount(
          world(),
          world().safe.address,
          encodeFunctionData({
            abi: domainAbi,
            functionName: "setDomainVerifier",
            args: [separator(), shop],
          }),
        );
        const refusal = await refusalOf(enable(proposal));
        expect(refusal.code).to.equal("MODULE_NOT_ENABLED");
        expect(refusal.details).to.deep.include({ verifier: shop });
        expect(await verifier()).to.equal(shop);
        expect(await allowance()).to.equal(0n);
      });
    }
  });
