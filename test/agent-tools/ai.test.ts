import { aiTools } from "@latchkey/agent-tools/ai";
import { generateText, stepCountIs } from "ai";
import { MockLanguageModelV4 } from "ai/test";
import { expect } from "chai";
import { type AgentChain, startAgentChain } from "./agentChain.ts";

/** What a scripted model does: calls of tools, one a step, and then its last words. */
type Script = readonly (readonly [tool: string, input: object])[];

const usage = {
  inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 1, text: 1, reasoning: 0 },
};

/** A model that follows a script until a tool refuses, and then stops. */
function scriptedModel(script: Script) {
  let step = 0;
  return new MockLanguageModelV4({
    doGenerate: async ({ prompt }) => {
      const last = JSON.stringify(prompt.at(-1));
      const next = /"ok":false/.test(last) ? undefined : script[step++];
      return {
        warnings: [],
        usage,
        finishReason: { unified: next ? "tool-calls" : "stop", raw: undefined },
        content: next
          ? [{ type: "tool-call", toolCallId: `${step}`, toolName: next[0], input: JSON.stringify(next[1]) }]
          : [
              {
                type: "text",
                text: /PER_TRANSACTION/.test(last) ? "It costs more than I may pay." : "Done.",
              },
            ],
      };
    },
  });
}

describe("the tools for the Vercel AI SDK", function () {
  this.timeout(60_000);
  let agents: AgentChain;
  before(async () => {
    agents = await startAgentChain({ shop: { report: { price: "0.25" }, film: { price: "5" } } });
  });
  after(() => agents.close());

  it("let a model look at its limits, pay, be refused, and stop", async () => {
    const { dir } = await agents.newAgent();
    const { tools } = agents.open({ dir });
    const model = scriptedModel([
      ["get_limits", {}],
      ["pay_request", { url: agents.chain.shop.url("report") }],
      ["pay_request", { url: agents.chain.shop.url("film") }],
      ["pay_request", { url: agents.chain.shop.url("report") }],
    ]);
    const { text, steps } = await generateText({
      model,
      tools: aiTools(tools),
      stopWhen: stepCountIs(10),
      prompt: "Buy the report and the film.",
    });
    const results = steps.flatMap(({ toolResults }) => toolResults.map(({ output }) => output));
    expect(results).to.have.length(3);
    expect(results[0]).to.include({ ok: true, active: true });
    expect(results[1]).to.include({ ok: true, paid: "0.25 USDC" });
    expect(results[2]).to.include({ ok: false, code: "PER_TRANSACTION", limit: "1 USDC", asked: "5 USDC" });
    expect(text).to.equal("It costs more than I may pay.");
    expect(await agents.chain.usdc.balanceOf(agents.chain.shop.address)).to.equal(250_000n);
    // What the model is shown of each tool.
    const [call] = model.doGenerateCalls;
    expect(call?.tools?.map(({ name }) => name)).to.deep.equal(tools.map(({ name }) => name));
    for (const tool of call?.tools ?? [])
      expect(tool.type === "function" && tool.inputSchema.additionalProperties, tool.name).to.equal(false);
  });

  it("stop when the caller does", async () => {
    const { dir } = await agents.newAgent();
    const { tools } = agents.open({ dir });
    const stopped = new AbortController();
    const { pay_request } = aiTools(tools);
    stopped.abort();
    const answer = await pay_request?.execute?.(
      { url: agents.chain.shop.url("report") },
      { toolCallId: "1", messages: [], abortSignal: stopped.signal, context: undefined },
    );
    expect(answer).to.include({ ok: false, code: "ABORTED" });
  });
});
