import { cp, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import ts from "typescript";
import { type AgentChain, page, startAgentChain } from "../agent-tools/agentChain.ts";
import { readSnippets } from "../docs/snippets.ts";
import { checkTypes } from "./checkTypes.ts";
import { runWell } from "./run.ts";
import { root, sharedTarball } from "./tarball.ts";

/** Pinned here and not in the root: they weigh 150 MB, and nothing but this suite runs them. */
const FRAMEWORKS = {
  langchain: {
    heading: "LangChain",
    packages: ["langchain@1.5.14", "@langchain/core@1.4.0"],
    last: "messages.at(-1)?.text",
    // It checks inputs before a tool sees them.
    invalid: /^Error invoking tool 'pay_request'.* schema/s,
  },
  openai: {
    heading: "OpenAI Agents",
    packages: ["@openai/agents@0.20.0"],
    last: "finalOutput",
    invalid: /"INVALID_INPUT"/,
  },
} as const;

describe("the frameworks of docs/frameworks.md", function () {
  // Installing takes its time where the cores are busy.
  this.timeout(600_000);
  let folder: string;
  let agents: AgentChain;
  before(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), "latchkey-frameworks-")));
    await writeFile(join(folder, "package.json"), '{"name":"newcomer","private":true,"type":"module"}');
    const { devDependencies } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
    const tarballs = [await sharedTarball("sdk"), await sharedTarball("agent-tools")];
    const pinned = ["viem", "zod", "@types/node"].map((name) => `${name}@${devDependencies[name]}`);
    const frameworks = Object.values(FRAMEWORKS).flatMap(({ packages }) => packages);
    const flags = ["--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts"];
    const packages = [...tarballs.map(({ path }) => path), ...pinned, ...frameworks];
    await runWell(folder, "npm", ["install", ...flags, ...packages]);
    agents = await startAgentChain({ shop: { report: { price: "0.25" }, film: { price: "5" } } });
  });
  after(async () => {
    await agents?.close();
    await rm(folder, { recursive: true, force: true });
  });

  for (const [variant, { heading, last, invalid }] of Object.entries(FRAMEWORKS))
    describe(heading, () => {
      let program: string;
      before(async () => {
        const model = `${variant}Model.mts`;
        await cp(join(import.meta.dirname, "consumers", model), join(folder, model));
        const blocks = await readSnippets({ page: "docs/frameworks.md", variant });
        const [block] = blocks.filter((each) => each.heading === heading);
        program = join(folder, `${variant}.mts`);
        await writeFile(
          program,
          `import { scriptedModel } from "./${variant}Model.mts";
         const { dir, rpcUrl, pageUrl, url, inputs } = JSON.parse(process.argv[2] ?? "");
         const model = scriptedModel("pay_request", inputs);
         ${block?.code}
         console.log(JSON.stringify(${last}));`,
        );
      });

      /** Lets a model make these calls of pay_request. @returns What the last one was answered. */
      async function buy(...inputs: readonly object[]): Promise<string> {
        const { dir } = await agents.newAgent();
        const { url } = agents.chain;
        const given = { dir, rpcUrl: url, pageUrl: page, url: agents.chain.shop.url("report"), inputs };
        const args = ["--no-warnings", "--experimental-strip-types", program, JSON.stringify(given)];
        return JSON.parse(await runWell(folder, process.execPath, args));
      }
      const paid = () => agents.chain.usdc.balanceOf(agents.chain.shop.address);

      it("compiles, strictly", () => {
        const { faults } = checkTypes({ folder, installed: join(folder, "none") }, program, {
          module: ts.ModuleKind.ESNext,
          moduleResolution: ts.ModuleResolutionKind.Bundler,
          allowImportingTsExtensions: true,
          skipLibCheck: true,
          lib: ["lib.es2024.d.ts", "lib.dom.d.ts"],
          types: ["node"],
        });
        expect(faults).to.deep.equal([]);
      });

      it("lets a model buy", async () => {
        const before = await paid();
        const answer = await buy({ url: agents.chain.shop.url("report") });
        expect(JSON.parse(answer)).to.include({ ok: true, paid: "0.25 USDC" });
        expect((await paid()) - before).to.equal(250_000n);
      });

      it("shows it why a payment was refused, and pays nothing", async () => {
        const before = await paid();
        const answer = await buy({ url: agents.chain.shop.url("film") });
        expect(JSON.parse(answer)).to.include({ ok: false, code: "PER_TRANSACTION", limit: "1 USDC" });
        expect(await paid()).to.equal(before);
      });

      it("survives an input that the schema does not allow, and pays nothing for it", async () => {
        const before = await paid();
        const url = agents.chain.shop.url("report");
        expect(await buy({ url, limit: "1000000" })).to.match(invalid);
        expect(await paid()).to.equal(before);
      });
    });
});
