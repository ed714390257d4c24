import "../environment/noTelemetry.ts";
import { readFile } from "node:fs/promises";
import { createSafe, installOnSafe, type SafeAccount } from "@latchkey/accounts/safeAccount";
import { ecdsaOwner } from "@latchkey/accounts/safeOwner";
import type { PermissionResponse } from "@latchkey/sdk/handoff";
import type { PermissionProvider } from "@latchkey/sdk/permissions";
import { expect } from "chai";
import { parseEther } from "viem";
import { LIVE } from "../environment/setUp.ts";
import { keyOf, openDocsChain } from "./docsChain.ts";
import { followPage } from "./followPage.ts";
import { snippetFaults } from "./snippets.ts";

const page = "docs/erc7715.md";
const given = ["client", "wallet", "safe", "owner", "inner", "agent", "agentWallet", "shop"] as const;

describe(`${page} (${LIVE.base ? "live fork" : "hermetic"})`, function () {
  this.timeout(240_000);

  let chain: Awaited<ReturnType<typeof openDocsChain>>;
  let account: SafeAccount;
  const ownerSeed = "the Safe of an embedded site";
  const shop = keyOf("a shop that takes native coin").address;
  before(async () => {
    chain = await openDocsChain();
    account = await createSafe(chain, { version: "1.4.1", owner: ecdsaOwner(ownerSeed) });
    await installOnSafe(account, chain.latchkey, [chain.usdc.domainSeparator]);
    await chain.testChain.setBalance(account.address, parseEther("1"));
  });
  after(() => chain.close());

  it("does what it says at every step", async () => {
    const agent = "the agent of an embedded site";
    const before = await chain.client.getBalance({ address: shop });
    await followPage(
      {
        page,
        given: {
          client: chain.client,
          wallet: await chain.walletOf(keyOf("the relayer of a wallet")),
          safe: account.address,
          owner: keyOf(`owner ${ownerSeed}`),
          inner: { request: async () => "passed on", on() {}, removeListener() {} } as never,
          agent: keyOf(agent),
          agentWallet: await chain.walletOf(keyOf(agent)),
          shop,
        },
      },
      {
        async provider({ provider }) {
          const { request } = provider as PermissionProvider;
          expect(await request({ method: "eth_accounts" })).to.equal("passed on");
        },
        async paid({ paid, permission, provider }) {
          const { status } = await chain.client.waitForTransactionReceipt({ hash: paid as `0x${string}` });
          expect(status).to.equal("success");
          expect((await chain.client.getBalance({ address: shop })) - before).to.equal(parseEther("0.005"));
          const { context } = permission as PermissionResponse;
          const { request } = provider as PermissionProvider;
          const list = { method: "wallet_getGrantedExecutionPermissions" };
          expect(await request(list)).to.have.length(1);
          await request({
            method: "wallet_revokeExecutionPermission",
            params: { permissionContext: context },
          });
          expect(await request(list)).to.deep.equal([]);
        },
      },
    );
  });

  it("compiles, strictly", async () => {
    const [faults] = await snippetFaults([{ page, given }]);
    expect(faults).to.deep.equal([]);
  });

  it("has every type and every error code of the provider", async () => {
    const text = await readFile(new URL(`../../${page}`, import.meta.url), "utf8");
    const { GRANTED_TYPES } = await import("#sdk/permissions/readPermissions.ts");
    const { RPC_ERROR } = await import("#sdk/permissions/ProviderRpcError.ts");
    expect(
      [...text.matchAll(/`((?:native|erc20)-token-(?:allowance|periodic|stream))`/g)].map(([, type]) => type),
    ).to.include.members(GRANTED_TYPES);
    const codes = [...text.matchAll(/^\| (-?\d+) \|/gm)].map(([, code]) => Number(code));
    expect(codes).to.have.members(Object.values(RPC_ERROR));
  });
});
