import { registerHooks } from "node:module";
import { pathToFileURL } from "node:url";
import type { aiTools } from "@latchkey/agent-tools/ai";
import type { generateText, stepCountIs } from "ai";

/** What a scripted model does: calls of tools, one a step, and then its last words. */
export type Script = readonly (readonly [tool: string, input: object])[];

/** What a model was shown of a tool. */
type ShownTool = { type: string; name: string; inputSchema: { additionalProperties?: unknown } };

/** A model that follows a script until a tool refuses, and then stops. */
export type ScriptedModel = { doGenerateCalls: readonly { tools?: readonly ShownTool[] }[] };

/** One major version of the Vercel AI SDK, and the adapter running on it. */
export type AiSdk = {
  version: string;
  /** Typed as those of the newest version: `test/agent-tools/aiTypes.test.ts` compiles against each one's own types. */
  generateText: typeof generateText;
  stepCountIs: typeof stepCountIs;
  aiTools: typeof aiTools;
  scriptedModel(script: Script): ScriptedModel & Parameters<typeof generateText>[0]["model"];
};

/** Name of each major version in package.json. */
export const AI_SDKS = ["ai5", "ai6", "ai"] as const;
type Name = (typeof AI_SDKS)[number];

/** Each version has a model interface of its own. */
const MODELS = { ai5: "MockLanguageModelV2", ai6: "MockLanguageModelV3", ai: "MockLanguageModelV4" } as const;

/** The adapter imports `ai`: here, the version that its importer's URL asks for. */
registerHooks({
  resolve(specifier, context, next) {
    const wanted = /\?ai=(\w+)$/.exec(context.parentURL ?? "")?.[1];
    return next(specifier === "ai" && wanted ? wanted : specifier, context);
  },
});

const adapter = pathToFileURL(`${import.meta.dirname}/../../packages/agent-tools/src/ai.ts`);

export async function openAiSdk(name: Name): Promise<AiSdk> {
  const [sdk, mocks, ours, { default: manifest }] = await Promise.all([
    import(name),
    import(`${name}/test`),
    import(`${adapter}?ai=${name}`),
    import(`${name}/package.json`, { with: { type: "json" } }),
  ]);
  const isFirst = name === "ai5";
  const usage = isFirst
    ? { inputTokens: 1, outputTokens: 1, totalTokens: 2 }
    : {
        inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
        outputTokens: { total: 1, text: 1, reasoning: 0 },
      };
  const finish = (reason: string) => (isFirst ? reason : { unified: reason, raw: undefined });
  return {
    version: manifest.version,
    generateText: sdk.generateText,
    stepCountIs: sdk.stepCountIs,
    aiTools: ours.aiTools,
    scriptedModel(script) {
      let step = 0;
      return new mocks[MODELS[name]]({
        doGenerate: async ({ prompt }: { prompt: readonly unknown[] }) => {
          const last = JSON.stringify(prompt.at(-1));
          const next = /"ok":false/.test(last) ? undefined : script[step++];
          return {
            warnings: [],
            usage,
            finishReason: finish(next ? "tool-calls" : "stop"),
            content: next
              ? [
                  {
                    type: "tool-call",
                    toolCallId: `${step}`,
                    toolName: next[0],
                    input: JSON.stringify(next[1]),
                  },
                ]
              : [
                  {
                    type: "text",
                    text: /PER_TRANSACTION/.test(last) ? "It costs more than I may pay." : "Done.",
                  },
                ],
          };
        },
      });
    },
  };
}
