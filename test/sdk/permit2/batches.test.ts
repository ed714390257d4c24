import { asSafe } from "@latchkey/accounts/asSafe";
import { deployMock } from "@latchkey/accounts/deployMock";
import { createPasskeySafe, modulesOf, signAsSafe, signatureRail } from "@latchkey/accounts/safeAccount";
import { createPasskey, PERMIT2 } from "@latchkey/devchain";
import {
  type EncodedCall,
  enableSession,
  grantDigest,
  type Proposal,
  permit2Calls,
  permit2Standing,
  proposeSession,
  type SafeVersion,
  safeFallbackHandler,
  safeRemoval,
  verifyGrant,
} from "@latchkey/sdk";
import {
  decodeReviewableEnable,
  encodeReviewableEnable,
  permit2DomainSeparator,
} from "@latchkey/sdk/encoding";
import { expect } from "chai";
import { type Address, encodeFunctionData, erc20Abi, getAddress, maxUint256, parseAbi } from "viem";
import { agent, mined, owner, propose, refusalOf, shop, USD, useSafe, walletOf } from "../safeFixture.ts";
import { allowanceAbi, allowanceOf, approve, payByPermit2, usePermit2 } from "./fixture.ts";

const WEEK = 140n * USD;

for (const version of ["1.4.1", "1.5.0"] as SafeVersion[])
  describe(`payments by Permit2 of a Safe ${version}`, function () {
    this.timeout(60_000);
    const world = useSafe(version);
    usePermit2(world);
    const client = () => world().env.testChain.client;
    let token: Address;
    let fromBlock: bigint;
    const budgets = () => ({
      [token]: { perTransaction: "1", perDay: "20", recipients: [shop], x402: "permit2" as const },
    });
    const search = () => ({ fromBlock, grants: [] });
    const callsOf = async (occasion: { enabling: Proposal } | { revoking: "all" }) => {
      const { safe, latchkey } = world();
      const ofAccount = { account: safe.address, accountKind: "safe", module: latchkey.module } as const;
      const plan =
        "enabling" in occasion
          ? await permit2Calls(client(), { ...occasion, ...search() })
          : await permit2Calls(client(), { ...occasion, ...ofAccount, ...search() });
      return plan.calls;
    };

    beforeEach(async () => {
      fromBlock = await client().getBlockNumber();
      const mock = await deployMock(world().env.testChain, "NoReturnToken");
      await mock.write("mint", [world().safe.address, 1000n * USD]);
      token = getAddress(mock.address);
    });

    it("are approved from the first transaction of a new Safe on, so that a signature is all they need", async () => {
      const { env, latchkey } = world();
      const safe = await createPasskeySafe(env, {
        version,
        passkey: createPasskey("new"),
        latchkey,
        domainSeparators: [permit2DomainSeparator(env.testChain.chainId)],
        permit2: [{ token, amount: WEEK }],
        salt: "permit2",
      });
      expect(await allowanceOf(world(), token, safe.address)).to.equal(WEEK);
      const proposal = await proposeSession(client(), {
        account: safe.address,
        key: agent,
        module: latchkey.module,
        budgets: budgets(),
        until: "7d",
      });
      const digest = grantDigest(proposal.session, proposal);
      const grant = { ...proposal, signature: await signAsSafe(safe, digest) };
      expect((await verifyGrant(client(), grant)).valid).to.equal(true);
      await env.testChain.send({
        from: safe.address,
        to: token,
        data: encodeFunctionData({ abi: mintAbi, args: [safe.address, USD] }),
      });
      await payByPermit2({ ...world(), safe }, grant.session, { grant: grant.signature });
      expect(await allowanceOf(world(), token, safe.address)).to.equal(WEEK - USD);
    });

    it("end with the module, and so does the approval, in one batch", async () => {
      const { env, safe, latchkey } = world();
      const proposal = await propose(world(), { budgets: budgets() });
      const permit2 = { calls: await callsOf({ enabling: proposal }) };
      await mined(world(), enableSession(walletOf(world(), owner), { proposal, permit2 }));
      await payByPermit2(world(), proposal.session);
      const removal = safeRemoval({
        ...signatureRail(env.safe, version, latchkey, [permit2DomainSeparator(env.testChain.chainId)]),
        safe: safe.address,
        module: latchkey.module,
        modules: await modulesOf(safe),
        fallbackHandler: await safeFallbackHandler(client(), safe.address),
      });
      await asSafe(safe, [...removal, ...(await callsOf({ revoking: "all" }))]);
      expect(await allowanceOf(world(), token, safe.address)).to.equal(0n);
      expect(await modulesOf(safe)).to.deep.equal([]);
    });

    describe("that several owners enable", () => {
      const lockdown = (): EncodedCall => ({
        to: PERMIT2,
        value: 0n,
        data: encodeFunctionData({
          abi: lockdownAbi,
          functionName: "lockdown",
          args: [[{ token, spender: shop }]],
        }),
      });
      it("show each co-signer what is approved", async () => {
        await approve(world(), token, USD);
        const proposal = await propose(world(), { budgets: budgets() });
        const calls = [
          ...encodeReviewableEnable(proposal),
          ...(await callsOf({ enabling: proposal })),
          lockdown(),
        ];
        const { session, approvals } = decodeReviewableEnable(calls);
        expect(session).to.deep.equal(proposal.session);
        expect(approvals).to.deep.equal([{ token, amount: WEEK }]);
        expect(decodeReviewableEnable(encodeReviewableEnable(proposal)).approvals).to.deep.equal([]);
      });
      it("are not taken for reviewable beside any other call", async () => {
        const { safe, env } = world();
        const proposal = await propose(world(), { budgets: budgets() });
        const erc20 = (to: Address, functionName: "approve" | "transfer", spender: Address): EncodedCall => ({
          to,
          value: 0n,
          data: encodeFunctionData({ abi: erc20Abi, functionName, args: [spender, maxUint256] }),
        });
        const strange: Record<string, EncodedCall> = {
          "an approval to another": erc20(token, "approve", shop),
          "a transfer": erc20(token, "transfer", PERMIT2),
          "an approval of another token": erc20(env.usdc.address, "approve", PERMIT2),
          "an allowance in Permit2": {
            to: PERMIT2,
            value: 0n,
            data: encodeFunctionData({
              abi: allowanceAbi,
              functionName: "approve",
              args: [token, shop, 1n, 2 ** 40],
            }),
          },
          "another verifier": {
            to: safe.address,
            value: 0n,
            data: encodeFunctionData({
              abi: verifierAbi,
              args: [permit2DomainSeparator(env.testChain.chainId), shop],
            }),
          },
          "another module": {
            to: safe.address,
            value: 0n,
            data: encodeFunctionData({ abi: moduleAbi, args: [shop] }),
          },
          "native coin": { ...lockdown(), value: 1n },
          "malformed bytes": { to: token, value: 0n, data: "0x" },
        };
        for (const [what, call] of Object.entries(strange)) {
          const calls = [...encodeReviewableEnable(proposal), call];
          const refusal = await refusalOf((async () => decodeReviewableEnable(calls))());
          expect(refusal.code, what).to.equal("INVALID_CALLDATA");
        }
      });
    });

    it("show an approval that nobody needs, as of a Safe that has no session", async () => {
      await approve(world(), token, 7n);
      const { safe, latchkey } = world();
      const standing = await permit2Standing(client(), {
        account: safe.address,
        module: latchkey.module,
        token,
        fromBlock,
      });
      expect(standing).to.deep.equal({
        token,
        allowance: 7n,
        needed: 0n,
        missing: 0n,
        excess: 7n,
        sessions: [],
        spenders: [],
      });
    });
  });

const mintAbi = parseAbi(["function mint(address to, uint256 value)"]);
const moduleAbi = parseAbi(["function enableModule(address module)"]);
const verifierAbi = parseAbi(["function setDomainVerifier(bytes32 domainSeparator, address verifier)"]);
const lockdownAbi = parseAbi([
  "struct TokenSpenderPair { address token; address spender; }",
  "function lockdown(TokenSpenderPair[] approvals)",
]);
