import { createRequire } from "node:module";
import { expect } from "chai";
import { type AgentChain, startAgentChain } from "./agentChain.ts";
import { AI_SDKS, type AiSdk, openAiSdk } from "./aiSdks.ts";

const require = createRequire(import.meta.url);

describe("the tools for the Vercel AI SDK", function () {
  this.timeout(60_000);
  let agents: AgentChain;
  before(async () => {
    agents = await startAgentChain({ shop: { report: { price: "0.25" }, film: { price: "5" } } });
  });
  after(() => agents.close());

  it("are tested with each version that they may be installed beside", async () => {
    const { peerDependencies } = require("@latchkey/agent-tools/package.json");
    const versions = await Promise.all(AI_SDKS.map(openAiSdk));
    const majors = versions.map(({ version }) => `^${version.split(".")[0]}.0.0`);
    expect(peerDependencies.ai).to.equal(majors.join(" || "));
  });

  for (const name of AI_SDKS)
    describe(require(`${name}/package.json`).version, () => {
      let sdk: AiSdk;
      before(async () => {
        sdk = await openAiSdk(name);
      });

      it("let a model look at its limits, pay, be refused, and stop", async () => {
        const { dir } = await agents.newAgent();
        const { tools } = agents.open({ dir });
        const before = await agents.chain.usdc.balanceOf(agents.chain.shop.address);
        const model = sdk.scriptedModel([
          ["get_limits", {}],
          ["pay_request", { url: agents.chain.shop.url("report") }],
          ["pay_request", { url: agents.chain.shop.url("film") }],
          ["pay_request", { url: agents.chain.shop.url("report") }],
        ]);
        const { text, steps } = await sdk.generateText({
          model,
          tools: sdk.aiTools(tools),
          stopWhen: sdk.stepCountIs(10),
          prompt: "Buy the report and the film.",
        });
        const results = steps.flatMap(({ toolResults }) => toolResults.map(({ output }) => output));
        expect(results).to.have.length(3);
        expect(results[0]).to.include({ ok: true, active: true });
        expect(results[1]).to.include({ ok: true, paid: "0.25 USDC" });
        expect(results[2]).to.include({
          ok: false,
          code: "PER_TRANSACTION",
          limit: "1 USDC",
          asked: "5 USDC",
        });
        expect(text).to.equal("It costs more than I may pay.");
        expect((await agents.chain.usdc.balanceOf(agents.chain.shop.address)) - before).to.equal(250_000n);
        // What the model is shown of each tool.
        const [call] = model.doGenerateCalls;
        expect(call?.tools?.map((tool) => tool.name)).to.deep.equal(tools.map((tool) => tool.name));
        for (const tool of call?.tools ?? [])
          expect(tool.type === "function" && tool.inputSchema.additionalProperties, tool.name).to.equal(
            false,
          );
      });

      it("answer an input that the schema does not allow with what is wrong, and pay nothing", async () => {
        const { dir } = await agents.newAgent();
        const before = await agents.chain.usdc.balanceOf(agents.chain.shop.address);
        const url = agents.chain.shop.url("report");
        const { steps } = await sdk.generateText({
          model: sdk.scriptedModel([["pay_request", { url, limit: "1000000" }]]),
          tools: sdk.aiTools(agents.open({ dir }).tools),
          stopWhen: sdk.stepCountIs(10),
          prompt: "Buy the report.",
        });
        const results = steps.flatMap(({ toolResults }) => toolResults.map(({ output }) => output));
        expect(results).to.have.length(1);
        expect(results[0]).to.include({ ok: false, code: "INVALID_INPUT", retryable: false });
        expect(results[0]).to.have.nested.property("whatToDo[0]").that.contains("limit");
        expect(await agents.chain.usdc.balanceOf(agents.chain.shop.address)).to.equal(before);
      });

      it("stop when the caller does", async () => {
        const { dir } = await agents.newAgent();
        const { tools } = agents.open({ dir });
        const stopped = new AbortController();
        const { pay_request } = sdk.aiTools(tools);
        stopped.abort();
        const answer = await pay_request?.execute?.(
          { url: agents.chain.shop.url("report") },
          { toolCallId: "1", messages: [], abortSignal: stopped.signal, context: undefined },
        );
        expect(answer).to.include({ ok: false, code: "ABORTED" });
      });
    });
});
