import { access, readFile } from "node:fs/promises";
import { createSafe, installOnSafe, type SafeAccount } from "@latchkey/accounts/safeAccount";
import { ecdsaOwner } from "@latchkey/accounts/safeOwner";
import { type Merchant, openMerchant } from "@latchkey/devchain";
import { type Grant, pay, payingFetch, proposeSession, signGrant } from "@latchkey/sdk";
import { erc7579SessionModuleAbi, sessionModuleAbi } from "@latchkey/sdk/abis";
import { expect } from "chai";
import { LIVE } from "../environment/setUp.ts";
import { keyOf, openDocsChain } from "./docsChain.ts";
import { followPage } from "./followPage.ts";
import { snippetFaults } from "./snippets.ts";

const page = "docs/indexing.md";
const address = new URL(`../../${page}`, import.meta.url);

describe(`${page} (${LIVE.base ? "live fork" : "hermetic"})`, function () {
  // The compiler takes its time where the cores are busy.
  this.timeout(LIVE.base ? 300_000 : 240_000);

  let chain: Awaited<ReturnType<typeof openDocsChain>>;
  let merchant: Merchant;
  let account: SafeAccount;
  let grant: Grant;
  let fromBlock: bigint;
  const shop = keyOf("the indexer's shop").address;
  const agent = keyOf("the indexer's agent");
  const ownerSeed = "the indexer's Safe";

  before(async () => {
    chain = await openDocsChain();
    const { client, testChain, usdc, latchkey, walletOf } = chain;
    merchant = await openMerchant(testChain, {
      weather: { amount: 200_000n, asset: usdc.address, payTo: shop },
    });
    account = await createSafe(chain, { version: "1.4.1", owner: ecdsaOwner(ownerSeed) });
    await installOnSafe(account, latchkey, [usdc.domainSeparator]);
    await usdc.mint(account.address, 100_000_000n);
    const proposal = await proposeSession(client, {
      account: account.address,
      key: agent,
      budgets: { usdc: { perTransaction: "1", perDay: "20", recipients: [shop] } },
      until: "7d",
    });
    grant = await signGrant(keyOf(`owner ${ownerSeed}`), proposal);
    fromBlock = await client.getBlockNumber();
    const fetch = payingFetch({ client, key: agent, grant });
    for (let turn = 0; turn < 2; turn++) expect((await fetch(merchant.url("weather"))).status).to.equal(200);
    const hash = await pay(await walletOf(agent), { grant, to: shop, amount: "0.50" });
    await client.waitForTransactionReceipt({ hash });
  });
  after(async () => {
    await merchant?.close();
    await chain?.close();
  });

  it("finds what both rails paid", async () => {
    const paid = { token: chain.usdc.address, to: shop, value: 200_000n };
    await followPage(
      { page, given: { rpcUrl: chain.rpcUrl, grant, fromBlock } },
      {
        logs({ logs }) {
          const names = (logs as { eventName: string }[]).map(({ eventName }) => eventName);
          expect(names.filter((name) => name === "AuthorizationUsed")).to.have.length(2);
          expect(names).to.include.members(["SessionEnabled", "Spent", "Transfer"]);
        },
        payments({ payments }) {
          expect(
            (payments as { token: string }[]).map((one) => ({ ...one, token: one.token.toLowerCase() })),
          ).to.deep.equal([paid, paid].map((one) => ({ ...one, token: one.token.toLowerCase() })));
        },
      },
    );
  });

  it("compiles, strictly", async () => {
    const [faults] = await snippetFaults([{ page, given: ["rpcUrl", "grant", "fromBlock"] }]);
    expect(faults).to.deep.equal([]);
  });

  it("lists every event of the modules as it is, and links to pages that exist", async () => {
    const text = await readFile(address, "utf8");
    const events = [...sessionModuleAbi, ...erc7579SessionModuleAbi].filter(({ type }) => type === "event");
    expect(events.length).to.be.greaterThan(5);
    for (const event of events) {
      if (event.type !== "event") continue;
      const inputs = event.inputs.map(({ type, name, ...rest }) =>
        [type, "indexed" in rest && rest.indexed ? "indexed" : "", name].filter(Boolean).join(" "),
      );
      expect(text).to.include(`\`${event.name}(${inputs.join(", ")})\``);
    }
    const links = [...text.matchAll(/\]\((?!https:)([^)#]+)/g)].map(([, link = ""]) => link);
    expect(links).to.include("providers.md");
    for (const link of links) await access(new URL(link, address));
  });
});
