import { access, readFile } from "node:fs/promises";
import type { LanguageModel } from "ai";
import { MockLanguageModelV4 } from "ai/test";
import { expect } from "chai";
import { MCP_HOSTS } from "#cli/core/mcp/mcpHosts.ts";
import { type AgentChain, page as ownersPage, startAgentChain } from "../agent-tools/agentChain.ts";
import { followPage } from "./followPage.ts";
import { snippetFaults } from "./snippets.ts";

const page = "docs/frameworks.md";
const address = new URL(`../../${page}`, import.meta.url);
const given = ["dir", "rpcUrl", "pageUrl", "url", "model"];

describe(page, function () {
  this.timeout(240_000);
  let agents: AgentChain;
  before(async () => {
    agents = await startAgentChain();
  });
  after(() => agents.close());

  it("has working lines: a model buys what it is told to", async () => {
    const { chain } = agents;
    const { dir } = await agents.newAgent();
    const url = chain.shop.url("weather-report");
    const usage = {
      inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
      outputTokens: { total: 1, text: 1, reasoning: 0 },
    };
    let step = 0;
    const model: LanguageModel = new MockLanguageModelV4({
      doGenerate: async () => ({
        warnings: [],
        usage,
        finishReason: { unified: step === 0 ? "tool-calls" : "stop", raw: undefined },
        content:
          step++ === 0
            ? [
                {
                  type: "tool-call",
                  toolCallId: "1",
                  toolName: "pay_request",
                  input: JSON.stringify({ url }),
                },
              ]
            : [{ type: "text", text: "Sunny." }],
      }),
    });
    await followPage(
      { page, given: { dir, rpcUrl: chain.url, pageUrl: ownersPage, url, model } },
      {
        async text({ text }) {
          expect(text).to.equal("Sunny.");
          expect(await chain.usdc.balanceOf(chain.shop.address)).to.equal(50_000n);
        },
        server({ server, own }) {
          expect(server).to.be.an("object");
          expect(own).to.have.property("tools");
        },
      },
    );
  });

  it("compiles, strictly", async () => {
    const [faults] = await snippetFaults([{ page, given }]);
    expect(faults).to.deep.equal([]);
  });

  it("lists every tool and every host, and links to pages that exist", async () => {
    const text = await readFile(address, "utf8");
    const rows = [...text.matchAll(/^\| `(\w+)` \| [a-z].{20}/gm)].map(([, name]) => name);
    const { tools } = agents.open({ dir: await agents.newDir() });
    expect(rows).to.deep.equal(tools.map(({ name }) => name));
    const hosts = [...text.matchAll(/^\| `([a-z-]+)` \| .*\]\((https:[^)]*)\) \|$/gm)];
    expect(Object.fromEntries(hosts.map(([, host, source]) => [host, source]))).to.deep.equal(
      Object.fromEntries(Object.entries(MCP_HOSTS).map(([host, { source }]) => [host, source])),
    );
    for (const [, link = ""] of text.matchAll(/\]\((?!https:|#)([^)#]+)/g))
      await access(new URL(link, address));
  });
});
