import "../../environment/noTelemetry.ts";
import {
  enabledGrant,
  type Grant,
  hashSession,
  pauseSession,
  revokeAllSessions,
  revokeSession,
  sessionState,
  signGrant,
  verifyGrant,
} from "@latchkey/sdk";
import { decodePermissionContext, encodeEnable } from "@latchkey/sdk/encoding";
import type { PermissionProviderParameters, ProviderRpcError } from "@latchkey/sdk/permissions";
import { expect } from "chai";
import { getAddress, numberToHex } from "viem";
import { base } from "viem/chains";
import { install, key, world as world7579 } from "../../accounts/erc7579/fixture.ts";
import { onEveryAccount } from "../../accounts/erc7579/onEveryAccount.ts";
import { signerOf } from "../erc7579/sessionGrants.ts";
import { agent, mined, owner, shop, useSafe, walletOf } from "../safeFixture.ts";
import { openSite, spendingPermissions } from "./site.ts";

const DAY = 86_400;

describe("ERC-7715 by MetaMask's kit", function () {
  this.timeout(60_000);

  describe("on a Safe 1.4.1", () => {
    const world = useSafe("1.4.1");
    const client = () => world().env.testChain.client;
    const usdc = () => world().env.usdc.address;
    const now = async () => Number((await client().getBlock()).timestamp);
    const open = (changes: Partial<PermissionProviderParameters> = {}) =>
      openSite({
        client: client(),
        account: world().safe.address,
        accountKind: "safe",
        module: world().latchkey.module,
        grant: (permissions) => Promise.all(permissions.map(({ proposal }) => signGrant(owner, proposal))),
        async revoke(grant) {
          await mined(world(), revokeSession(walletOf(world(), owner), { grant }));
        },
        ...changes,
      });

    it("lists what it supports, in the kit's own words", async () => {
      const supported = await open().site.getSupportedExecutionPermissions();
      expect(Object.keys(supported).sort()).to.deep.equal(
        spendingPermissions(usdc())
          .map(({ type }) => type)
          .sort(),
      );
      for (const one of Object.values(supported))
        expect(one).to.deep.equal({ chainIds: [base.id], ruleTypes: ["expiry", "redeemer", "payee"] });
    });

    for (const index of [0, 1, 2, 3, 4, 5]) {
      const type = spendingPermissions(shop)[index]?.type;
      it(`grants a permission of type ${type}, lists it, and has it revoked`, async () => {
        const { site, log, revoke } = open();
        const permission = spendingPermissions(usdc())[index];
        if (!permission) throw new Error("no permission");
        const expiry = (await now()) + 7 * DAY;
        const [granted, ...others] = await site.requestExecutionPermissions([
          {
            chainId: base.id,
            expiry,
            to: agent.address,
            redeemer: [agent.address],
            payee: [shop],
            permission: { ...permission, isAdjustmentAllowed: false },
          },
        ] as never);
        if (!granted) throw new Error("nothing was granted");
        expect(others).to.deep.equal([]);
        const [shown] = log.shown.flat();
        if (!shown) throw new Error("nothing was shown");
        const { session } = shown.proposal;
        expect(granted).to.deep.include({
          chainId: base.id,
          from: world().safe.address,
          to: agent.address,
          dependencies: [],
          delegationManager: world().latchkey.module,
          rules: [
            { type: "redeemer", data: { addresses: [agent.address] } },
            { type: "expiry", data: { timestamp: expiry } },
            { type: "payee", data: { addresses: [shop] } },
          ],
        });
        expect(granted.permission).to.deep.equal({
          ...permission,
          data: { ...permission.data, startTime: session.validAfter },
          isAdjustmentAllowed: false,
        });

        // The review, the context and the grant are of one session, which the account has accepted.
        const { id, session: carried, signature } = decodePermissionContext(granted.context);
        expect(id).to.equal(hashSession(session)).and.to.equal(shown.review.id);
        expect(carried).to.deep.equal(session);
        expect(await verifyGrant(client(), { ...shown.proposal, signature })).to.deep.equal({ valid: true });

        expect(await site.getGrantedExecutionPermissions()).to.deep.equal([granted]);
        await revoke(granted.context);
        expect(
          await sessionState(client(), {
            module: world().latchkey.module,
            id,
            account: world().safe.address,
          }),
        ).to.equal("REVOKED");
        expect(await site.getGrantedExecutionPermissions()).to.deep.equal([]);
      });
    }

    it("grants the same request again after its revocation, and each permission as a session of its own", async () => {
      const { site, log, revoke } = open();
      const wanted = {
        chainId: base.id,
        expiry: (await now()) + DAY,
        to: agent.address,
        permission: {
          type: "native-token-allowance" as const,
          data: { allowanceAmount: 1n, startTime: await now() },
          isAdjustmentAllowed: true,
        },
      };
      const [one, other] = await site.requestExecutionPermissions([wanted, wanted]);
      expect(one?.context).not.to.equal(other?.context);
      await revoke(one?.context);
      expect(await site.getGrantedExecutionPermissions()).to.deep.equal([other]);
      const [again] = await site.requestExecutionPermissions([wanted]);
      expect(await site.getGrantedExecutionPermissions()).to.deep.equal([other, again]);
      expect(log.shown.map(({ length }) => length)).to.deep.equal([2, 1]);
    });

    it("answers with what the owner has lowered", async () => {
      const { site } = open({
        grant: (permissions) =>
          Promise.all(
            permissions.map(({ proposal }) =>
              signGrant(owner, {
                ...proposal,
                session: {
                  ...proposal.session,
                  validUntil: proposal.session.validUntil - 60,
                  budgets: proposal.session.budgets.map((budget) => ({
                    ...budget,
                    perTransaction: 40n,
                    perPeriod: 40n,
                    recipients: [shop],
                  })),
                },
              }),
            ),
          ),
      });
      const expiry = (await now()) + DAY;
      const [granted] = await site.requestExecutionPermissions([
        {
          chainId: base.id,
          expiry,
          to: agent.address,
          permission: {
            type: "erc20-token-periodic",
            data: { tokenAddress: usdc(), periodAmount: 100n, periodDuration: 3600, justification: "Rent." },
            isAdjustmentAllowed: true,
          },
        },
      ]);
      expect(granted?.permission.data).to.deep.include({
        periodAmount: 40n,
        periodDuration: 3600,
        justification: "Rent.",
      });
      expect(granted?.rules).to.deep.equal([
        { type: "expiry", data: { timestamp: expiry - 60 } },
        { type: "payee", data: { addresses: [shop] } },
      ]);
    });

    it("takes sessions that the account enables, without a signature", async () => {
      const { site, revoke } = open({
        async grant(permissions) {
          const { testChain } = world().env;
          for (const { proposal } of permissions)
            await testChain.send({ from: world().safe.address, ...encodeEnable(proposal) });
          return permissions.map(({ proposal }) => enabledGrant(proposal));
        },
      });
      const [granted] = await site.requestExecutionPermissions([
        {
          chainId: base.id,
          expiry: (await now()) + DAY,
          to: agent.address,
          permission: {
            type: "native-token-allowance",
            data: { allowanceAmount: 1n },
            isAdjustmentAllowed: true,
          },
        },
      ]);
      if (!granted) throw new Error("nothing was granted");
      expect(decodePermissionContext(granted.context).signature).to.equal("0x");
      await revoke(granted.context);
      expect(await site.getGrantedExecutionPermissions()).to.deep.equal([]);
    });

    it("lists a permission that starts later and one that is paused, and none of an earlier epoch or past its end", async () => {
      const { site, log } = open();
      const wanted = async (from: number, until: number) => ({
        chainId: base.id,
        expiry: (await now()) + until,
        to: agent.address,
        permission: {
          type: "native-token-allowance" as const,
          data: { allowanceAmount: 1n, startTime: (await now()) + from },
          isAdjustmentAllowed: true,
        },
      });
      const [later, short, paused] = await site.requestExecutionPermissions([
        await wanted(600, DAY),
        await wanted(0, 100),
        await wanted(0, DAY),
      ]);
      expect(await site.getGrantedExecutionPermissions()).to.deep.equal([later, short, paused]);
      const proposal = log.shown[0]?.[2]?.proposal;
      if (!proposal) throw new Error("nothing was shown");
      await mined(world(), pauseSession(walletOf(world(), owner), { grant: proposal }));
      await world().env.connection.networkHelpers.time.increase(200);
      await world().env.connection.networkHelpers.mine();
      expect(await site.getGrantedExecutionPermissions()).to.deep.equal([later, paused]);
      await mined(world(), revokeAllSessions(walletOf(world(), owner), { grant: proposal }));
      expect(await site.getGrantedExecutionPermissions()).to.deep.equal([]);
    });

    it("passes every other method on, and nothing of ERC-7715", async () => {
      const { provider, log } = open();
      expect(await provider.request({ method: "eth_chainId" })).to.equal("the wallet's own answer");
      await provider.request({ method: "personal_sign", params: ["0x", shop] });
      await provider.request({ method: "wallet_getSupportedExecutionPermissions", params: [] });
      await provider.request({ method: "toString" });
      expect(log.passed).to.deep.equal([
        { method: "eth_chainId" },
        { method: "personal_sign", params: ["0x", shop] },
        { method: "toString" },
      ]);
    });
  });

  onEveryAccount(
    (account) => {
      it("asks nothing of the owner of an account of another kind than it was told", async () => {
        await install(account());
        const { testChain, module } = world7579();
        const { provider, log } = openSite({
          client: testChain.client,
          account: getAddress(account().address),
          accountKind: account().kind === "kernel" ? "nexus" : "kernel",
          module,
          grant: async () => undefined,
          revoke: async () => {},
        });
        const { timestamp } = await testChain.client.getBlock();
        const request = provider.request({
          method: "wallet_requestExecutionPermissions",
          params: [
            {
              chainId: numberToHex(testChain.chainId),
              to: key.address,
              permission: {
                type: "native-token-allowance",
                data: { allowanceAmount: "0x1" },
                isAdjustmentAllowed: true,
              },
              rules: [{ type: "expiry", data: { timestamp: Number(timestamp) + DAY } }],
            },
          ],
        });
        const code = await request.then(
          () => "granted",
          (error: ProviderRpcError) => error.code,
        );
        expect(code).to.equal(-32603);
        expect(log.shown).to.deep.equal([]);
      });

      it("grants all six types in one request, lists them, and has one revoked", async () => {
        await install(account());
        const { testChain, module, usdc } = world7579();
        const client = testChain.client;
        const { site, revoke, log } = openSite({
          client,
          account: getAddress(account().address),
          accountKind: account().kind,
          module,
          grant: (permissions) =>
            Promise.all(permissions.map(({ proposal }) => signGrant(signerOf(account()), proposal))),
          revoke: (grant: Grant) =>
            revokeSession(client, {
              grant,
              send: async (calls) => (await account().execute(calls)).transactionHash,
            }),
        });
        const { timestamp } = await client.getBlock();
        const granted = await site.requestExecutionPermissions(
          spendingPermissions(usdc.address).map((permission) => ({
            chainId: testChain.chainId,
            expiry: Number(timestamp) + DAY,
            to: key.address,
            permission: { ...permission, isAdjustmentAllowed: false },
          })) as never,
        );
        expect(granted.map(({ permission }) => permission.type)).to.deep.equal(
          spendingPermissions(usdc.address).map(({ type }) => type),
        );
        expect(log.shown[0]?.map(({ review }) => review.chainId)).to.deep.equal(
          granted.map(({ chainId }) => chainId),
        );
        expect(await site.getGrantedExecutionPermissions()).to.deep.equal(granted);
        await revoke(granted[0]?.context);
        expect(await site.getGrantedExecutionPermissions()).to.deep.equal(granted.slice(1));
      });
    },
    (name) => /Nexus|Kernel 3.1$|Safe7579/.test(name),
  );
});
