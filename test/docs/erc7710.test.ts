import "../environment/noTelemetry.ts";
import { createSafe, installOnSafe } from "@latchkey/accounts/safeAccount";
import { ecdsaOwner } from "@latchkey/accounts/safeOwner";
import { type Grant, proposeSession, signGrant } from "@latchkey/sdk";
import { expect } from "chai";
import { getAddress, type Hex } from "viem";
import { LIVE } from "../environment/setUp.ts";
import { keyOf, openDocsChain } from "./docsChain.ts";
import { followPage } from "./followPage.ts";
import { snippetFaults } from "./snippets.ts";

const page = "docs/erc7710.md";
const given = ["grant", "wallet", "usdc", "shop"] as const;

describe(`${page} (${LIVE.base ? "live fork" : "hermetic"})`, function () {
  this.timeout(240_000);

  let chain: Awaited<ReturnType<typeof openDocsChain>>;
  let grant: Grant;
  const shop = getAddress(`0x${"5b".repeat(20)}`);
  const ownerSeed = "the owner of a Safe that an app pays from";
  const key = "the key of an app";
  before(async () => {
    chain = await openDocsChain();
    const safe = await createSafe(chain, { version: "1.4.1", owner: ecdsaOwner(ownerSeed) });
    await installOnSafe(safe, chain.latchkey, [chain.usdc.domainSeparator]);
    await chain.usdc.mint(safe.address, 10_000_000n);
    const proposal = await proposeSession(chain.client, {
      account: safe.address,
      key: keyOf(key),
      module: chain.latchkey.module,
      budgets: { usdc: { perTransaction: "0.5", perDay: "1", recipients: [shop] } },
      until: "7d",
    });
    grant = await signGrant(keyOf(`owner ${ownerSeed}`), proposal);
  });
  after(() => chain.close());

  it("does what it says at every step", async () => {
    const paid = async (hash: unknown, sum: bigint) => {
      const { status } = await chain.client.waitForTransactionReceipt({ hash: hash as Hex });
      expect(status).to.equal("success");
      expect(await chain.usdc.balanceOf(shop)).to.equal(sum);
    };
    const wallet = await chain.walletOf(keyOf(key));
    await followPage(
      { page, given: { grant, wallet, usdc: chain.usdc.address, shop } },
      {
        redeemed: ({ redeemed }) => paid(redeemed, 500_000n),
        again: ({ again }) => paid(again, 1_000_000n),
      },
    );
  });

  it("compiles, strictly", async () => {
    const [faults] = await snippetFaults([{ page, given }]);
    expect(faults).to.deep.equal([]);
  });
});
