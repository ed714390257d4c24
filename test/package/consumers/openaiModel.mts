import { type Model, Usage } from "@openai/agents";

/** A model of OpenAI Agents that calls one tool with each of these inputs in turn, and then says what it was answered last. */
export function scriptedModel(name: string, inputs: readonly Record<string, unknown>[]): Model {
  let step = 0;
  return {
    async getResponse({ input }) {
      const next = inputs[step++];
      const last = Array.isArray(input) ? input.at(-1) : undefined;
      const text = last?.type === "function_call_result" ? textOf(last.output) : "";
      return {
        usage: new Usage(),
        output: [
          next
            ? {
                type: "function_call",
                callId: `call ${step}`,
                name,
                status: "completed",
                arguments: JSON.stringify(next),
              }
            : {
                type: "message",
                role: "assistant",
                status: "completed",
                content: [{ type: "output_text", text }],
              },
        ],
      };
    },
    getStreamedResponse() {
      throw new Error("not in these tests");
    },
  };
}

const textOf = (output: unknown): string =>
  typeof output === "string" ? output : (Object(output).text ?? JSON.stringify(output));
