import { type Merchant, openMerchant } from "@latchkey/devchain";
import { erc7579SessionModuleAddress, type Grant, proposeSession, signGrant } from "@latchkey/sdk";
import { erc7579Installation, granterPrefix } from "@latchkey/sdk/erc7579";
import { expect } from "chai";
import { http } from "viem";
import { createBundlerClient } from "viem/account-abstraction";
import { keyOf } from "./docsChain.ts";
import { type Erc7579Chain, openErc7579Chain } from "./erc7579Chain.ts";
import { type Erc7579Reader, readerOf } from "./erc7579Owners.ts";
import { followPage } from "./followPage.ts";
import type { Given } from "./Given.ts";
import { snippetFaults } from "./snippets.ts";

const page = "docs/recipes/no-gas.md";
const given = [
  ...(["client", "agent", "grant", "shop", "url", "wallet"] as const),
  ...(["entryPoint", "bundlerUrl", "paymasterUrl"] as const),
];

describe(`${page} (hermetic)`, function () {
  this.timeout(240_000);

  let chain: Erc7579Chain;
  let merchant: Merchant;
  let reader: Erc7579Reader;
  let grant: Grant;
  const agent = keyOf("an agent without gas");
  const shop = keyOf("the shop of an agent without gas").address;
  /** The chain's client is another in its types alone. */
  const client = () => chain.client as unknown as Given["client"];

  before(async () => {
    chain = await openErc7579Chain();
    merchant = await openMerchant(chain.world.testChain, {
      weather: { amount: 200_000n, asset: chain.world.usdc.address, payTo: shop },
    });
    reader = await readerOf.nexus(chain);
    const { account, entryPoint, validator, ownerAccount } = reader;
    const ownerClient = createBundlerClient({
      account: ownerAccount,
      client: chain.client,
      transport: http(chain.bundlerUrl),
      pollingInterval: 20,
    });
    const hash = await ownerClient.sendUserOperation({
      calls: erc7579Installation({
        kind: "nexus",
        account: account.address,
        module: erc7579SessionModuleAddress(),
        granter: granterPrefix({ kind: "nexus", validator }),
      }),
    });
    await ownerClient.waitForUserOperationReceipt({ hash });
    const proposal = await proposeSession(client(), {
      account: account.address,
      accountKind: "nexus",
      key: agent.address,
      budgets: { usdc: { perTransaction: "1", perDay: "20", recipients: [shop] } },
      gasAllowance: "0.05",
      paymaster: chain.world.paymasters[entryPoint].address,
      until: "7d",
    });
    grant = await signGrant(ownerAccount, proposal);
  });
  after(async () => {
    await merchant?.close();
    await chain?.close();
  });

  it("pays three times, and neither the key nor the account has a coin less", async () => {
    const { account, entryPoint } = reader;
    const { testChain, usdc } = chain.world;
    const coins = (address: Given["shop"]) => testChain.client.getBalance({ address });
    const before = await coins(account.address);
    const paid = async (sum: bigint) => {
      expect(await usdc.balanceOf(shop)).to.equal(sum);
      expect(await coins(agent.address)).to.equal(0n);
      expect(await coins(account.address)).to.equal(before);
    };
    await followPage(
      {
        page,
        given: {
          client: client(),
          agent,
          grant,
          shop,
          url: merchant.url("weather"),
          wallet: (await chain.walletOf(keyOf("a relayer"))) as unknown as Given["wallet"],
          entryPoint,
          bundlerUrl: chain.bundlerUrl,
          paymasterUrl: chain.paymasterUrls[entryPoint],
        },
      },
      {
        answer: () => paid(200_000n),
        receipt: () => paid(700_000n),
        userOp: () => paid(1_200_000n),
      },
    );
  });

  it("compiles, strictly", async () => {
    const [faults] = await snippetFaults([{ page, given }]);
    expect(faults).to.deep.equal([]);
  });
});
