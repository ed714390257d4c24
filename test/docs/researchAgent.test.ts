import { access, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSafe, installOnSafe, type SafeAccount } from "@latchkey/accounts/safeAccount";
import { ecdsaOwner } from "@latchkey/accounts/safeOwner";
import { type Merchant, openMerchant } from "@latchkey/devchain";
import { expect } from "chai";
import type { Address } from "viem";
import { LIVE } from "../environment/setUp.ts";
import { keyOf, openDocsChain } from "./docsChain.ts";
import { followPage, type Outcomes } from "./followPage.ts";
import type { Given } from "./Given.ts";
import { withOwner } from "./handoffOwner.ts";
import { snippetFaults } from "./snippets.ts";

const page = "docs/recipes/research-agent.md";
const address = new URL(`../../${page}`, import.meta.url);
const given = ["client", "agentDir", "pageUrl", "journal", "archive", "articles", "shelf", "wanted"] as const;
const pageUrl = "https://page.example/";

describe(`${page} (${LIVE.base ? "live fork" : "hermetic"})`, function () {
  // The compiler takes its time where the cores are busy.
  this.timeout(LIVE.base ? 300_000 : 240_000);

  let chain: Awaited<ReturnType<typeof openDocsChain>>;
  let journalShop: Merchant;
  let archiveShop: Merchant;
  let blog: Merchant;
  let account: SafeAccount;
  let folder: string;
  const ownerSeed = "the researcher's Safe";
  const journal = keyOf("the journal").address;
  const archive = keyOf("the archive").address;
  const stranger = keyOf("a blog that nobody has allowed").address;

  before(async () => {
    chain = await openDocsChain();
    const { testChain, usdc, latchkey } = chain;
    const shop = (payTo: Address, prices: Record<string, bigint>) =>
      openMerchant(
        testChain,
        Object.fromEntries(
          Object.entries(prices).map(([name, amount]) => [name, { amount, asset: usdc.address, payTo }]),
        ),
      );
    journalShop = await shop(journal, {
      fjords: 200_000n,
      moon: 200_000n,
      wind: 200_000n,
      atlas: 1_500_000n,
    });
    archiveShop = await shop(archive, {
      gauge: 50_000n,
      storm: 50_000n,
      floods: 50_000n,
      harbour: 50_000n,
      ferries: 50_000n,
    });
    blog = await shop(stranger, { rumours: 50_000n });
    account = await createSafe(chain, { version: "1.4.1", owner: ecdsaOwner(ownerSeed) });
    await installOnSafe(account, latchkey, [usdc.domainSeparator]);
    await usdc.mint(account.address, 100_000_000n);
    folder = await mkdtemp(join(tmpdir(), "latchkey-research-"));
  });
  after(async () => {
    for (const shop of [journalShop, archiveShop, blog]) await shop?.close();
    await chain?.close();
    if (folder) await rm(folder, { recursive: true });
  });

  const owner = () => ({
    client: chain.client,
    account: account.address,
    owner: keyOf(`owner ${ownerSeed}`),
    module: chain.latchkey.module,
    page: pageUrl,
  });
  const titled = (shop: Merchant, name: string) => ({ title: name, url: shop.url(name) });
  const earned = async () => {
    const { balanceOf } = chain.usdc;
    return [await balanceOf(journal), await balanceOf(archive), await balanceOf(stranger)];
  };
  /** Runs the page as a program that is started, and returns what it has printed. */
  async function start(
    { articles, wanted }: Pick<Given, "articles" | "wanted">,
    outcomes: Outcomes,
  ): Promise<string[]> {
    const printed: string[] = [];
    const { log } = console;
    console.log = (text: string) => void printed.push(...text.split("\n"));
    try {
      await followPage(
        {
          page,
          given: {
            client: chain.client,
            agentDir: join(folder, "agent"),
            shelf: join(folder, "shelf"),
            pageUrl,
            journal,
            archive,
            articles,
            wanted,
          } satisfies Pick<Given, (typeof given)[number]>,
        },
        outcomes,
      );
    } finally {
      console.log = log;
    }
    return printed;
  }

  it("buys what its limits allow, prints it, and buys nothing twice when it is started again", async () => {
    const articles = [
      titled(journalShop, "fjords"),
      titled(archiveShop, "gauge"),
      titled(journalShop, "atlas"),
      titled(blog, "rumours"),
      titled(archiveShop, "storm"),
      titled(journalShop, "moon"),
      titled(journalShop, "wind"),
      titled(archiveShop, "floods"),
    ];
    const bought = ["fjords", "gauge", "storm", "moon", "floods"];
    const keys = (of: unknown) => [...(of as Map<string, unknown>).keys()];
    let printed: string[] = [];
    const requests = await withOwner(owner(), async () => {
      printed = await start(
        { articles, wanted: "atlas" },
        {
          continueAt({ texts, skipped, continueAt }) {
            expect(keys(texts)).to.deep.equal(bought);
            expect((texts as Map<string, string>).get("storm")).to.include('"sold":"storm"');
            expect(keys(skipped)).to.deep.equal(["atlas", "rumours", "wind"]);
            expect(continueAt).to.equal(undefined);
          },
          article({ texts, skipped }) {
            expect(keys(texts)).to.deep.equal([...bought, "atlas"]);
            expect(keys(skipped)).to.deep.equal(["rumours", "wind"]);
          },
        },
      );
    });
    // The session, and the one payment beside it.
    expect(requests).to.have.length(2);
    expect(printed).to.deep.equal([
      `0.2 USDC  ${journalShop.url("fjords")}  settled`,
      `0.05 USDC  ${archiveShop.url("gauge")}  settled`,
      `0.05 USDC  ${archiveShop.url("storm")}  settled`,
      `0.2 USDC  ${journalShop.url("moon")}  settled`,
      `0.05 USDC  ${archiveShop.url("floods")}  settled`,
      `1.5 USDC  ${journalShop.url("atlas")}  settled`,
      `Not bought: rumours. ${stranger} is not a recipient of the session's budget.`,
      "Not bought: wind. 0.2 USDC exceeds the largest payment that this period has left, 0.05 USDC.",
    ]);
    expect(await earned()).to.deep.equal([1_900_000n, 150_000n, 0n]);

    // The last five cents, then nothing is left.
    const more = [...articles, titled(archiveShop, "harbour"), titled(archiveShop, "ferries")];
    let again: string[] = [];
    const others = await withOwner(owner(), async () => {
      again = await start(
        { articles: more, wanted: undefined },
        {
          continueAt({ texts, continueAt }) {
            expect(keys(texts)).to.have.members([...bought, "atlas", "harbour"]);
            expect((continueAt as Date).getTime()).to.be.greaterThan(Date.now());
          },
        },
      );
    });
    expect(others).to.deep.equal([]);
    expect(again.at(-1)).to.match(/^Today's budget is spent\. More from \d{4}-.*Z on\.$/);
    expect(await earned()).to.deep.equal([1_900_000n, 200_000n, 0n]);
  });

  it("goes on without an article that the owner declines, and does not ask for it again", async () => {
    const articles = [titled(journalShop, "atlas"), titled(blog, "rumours")];
    for (const links of [1, 0]) {
      let printed: string[] = [];
      const requests = await withOwner({ ...owner(), declines: true }, async () => {
        printed = await start({ articles, wanted: "rumours" }, {});
      });
      expect(requests).to.have.length(links);
      expect(printed.join("\n")).to.include("Not bought: rumours.");
    }
    expect(await earned()).to.deep.equal([1_900_000n, 200_000n, 0n]);
  });

  it("compiles, strictly", async () => {
    const [faults] = await snippetFaults([{ page, given }]);
    expect(faults).to.deep.equal([]);
  });

  it("names only codes that docs/errors.md explains, and files that exist", async () => {
    const text = await readFile(address, "utf8");
    const errors = await readFile(new URL("../errors.md", address), "utf8");
    const rows = text.split("\n").filter((line) => line.startsWith("| `"));
    const codes = rows.flatMap((row) => row.split("|")[1]?.match(/[A-Z_]+/g) ?? []);
    expect(codes).to.deep.equal(["PER_TRANSACTION", "RECIPIENT", "PERIOD"]);
    expect(codes.filter((code) => !errors.includes(`\`${code}\` ·`))).to.deep.equal([]);
    const links = [...text.matchAll(/\]\((?!https:)([^)#]+)/g)].map(([, link = ""]) => link);
    expect(links).to.include("../page.md");
    for (const link of links) await access(new URL(link, address));
  });
});
