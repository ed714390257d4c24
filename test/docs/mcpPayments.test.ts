import { access, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createSafe, installOnSafe } from "@latchkey/accounts/safeAccount";
import { ecdsaOwner } from "@latchkey/accounts/safeOwner";
import { createFacilitator, type ServedFacilitator, serveFacilitator } from "@latchkey/devchain";
import { proposeSession, readLedger, signGrant } from "@latchkey/sdk";
import { agentFolder } from "@latchkey/sdk/node";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { expect } from "chai";
import { LIVE } from "../environment/setUp.ts";
import { keyOf, openDocsChain } from "./docsChain.ts";
import { followPage } from "./followPage.ts";
import { snippetFaults } from "./snippets.ts";

const page = "docs/mcp-payments.md";
const address = new URL(`../../${page}`, import.meta.url);

describe(`${page} (${LIVE.base ? "live fork" : "hermetic"})`, function () {
  // The compiler takes its time where the cores are busy.
  this.timeout(LIVE.base ? 300_000 : 240_000);

  let chain: Awaited<ReturnType<typeof openDocsChain>>;
  let facilitator: ServedFacilitator;
  let dir: string;
  const shop = keyOf("the weather server").address;
  const ownerSeed = "the MCP host's Safe";

  before(async () => {
    chain = await openDocsChain();
    const { client, testChain, usdc, latchkey } = chain;
    facilitator = await serveFacilitator(await createFacilitator(testChain));
    const account = await createSafe(chain, { version: "1.4.1", owner: ecdsaOwner(ownerSeed) });
    await installOnSafe(account, latchkey, [usdc.domainSeparator]);
    await usdc.mint(account.address, 100_000_000n);
    dir = await mkdtemp(join(tmpdir(), "latchkey-mcp-docs-"));
    const folder = await agentFolder(dir);
    const proposal = await proposeSession(client, {
      account: account.address,
      key: await folder.key(),
      budgets: { usdc: { perTransaction: "1", perDay: "20", recipients: [shop] } },
      until: "7d",
    });
    await folder.saveGrant(await signGrant(keyOf(`owner ${ownerSeed}`), proposal));
  });
  after(async () => {
    await facilitator?.close();
    await chain?.close();
    await rm(dir, { recursive: true });
  });

  it("pays for what it buys, each once, and is refused what is too dear", async () => {
    const { usdc, client } = chain;
    const price = { amount: "200000", asset: usdc.address, payTo: shop };
    const settings = {
      facilitator: facilitator.url,
      chainId: 8453,
      prices: { forecast: price, dear: { ...price, amount: "2000000" } },
      faults: [],
    };
    const server = resolve(import.meta.dirname, "../agent-tools/stdioChargingServer.ts");
    let mcp: Client | undefined;
    try {
      await followPage(
        {
          page,
          given: {
            client,
            dir,
            command: process.execPath,
            args: ["--no-warnings", server, JSON.stringify(settings)],
          },
        },
        {
          mcp: (declared) => {
            mcp = declared.mcp as Client;
            expect(mcp).to.be.instanceOf(Client);
          },
          async forecast({ forecast }) {
            expect(forecast).to.have.nested.property("structuredContent.forecast", "Oslo: sun, then rain");
            expect(await usdc.balanceOf(shop)).to.equal(200_000n);
          },
          async second({ first, second }) {
            expect(second).to.deep.equal(first);
            expect(second).to.have.nested.property("structuredContent.forecast", "Bergen: sun, then rain");
            expect(await usdc.balanceOf(shop)).to.equal(400_000n);
          },
          refusal({ refusal }) {
            expect(refusal).to.have.property("code", "PER_TRANSACTION");
          },
        },
      );
    } finally {
      await mcp?.close();
    }
    const { entries } = await readLedger((await agentFolder(dir)).ledger);
    expect(entries.map(({ what, status }) => `${what} ${status}`)).to.deep.equal([
      "mcp://weather/forecast settled",
      "mcp://weather/forecast settled",
    ]);
  });

  it("compiles, strictly", async () => {
    const [faults] = await snippetFaults([{ page, given: ["client", "dir", "command", "args"] }]);
    expect(faults).to.deep.equal([]);
  });

  it("links to pages that exist", async () => {
    const text = await readFile(address, "utf8");
    const links = [...text.matchAll(/\]\((?!https:)([^)#]+)/g)].map(([, link = ""]) => link);
    expect(links).to.include("agents.md");
    for (const link of links) await access(new URL(link, address));
  });
});
