/** The tools for the Vercel AI SDK. */
import { type Tool, tool } from "ai";
import type { AgentTool } from "./AgentTool.ts";

/**
 * The tools as `generateText`, `streamText` and agents of the Vercel AI SDK take them. A refusal is an ordinary result with
 * `ok: false`, so that the model reads what to do.
 *
 * @example
 * const { tools } = agentTools({ dir: "agent", rpc, page });
 * const { text } = await generateText({ model, tools: aiTools(tools), stopWhen: stepCountIs(10), prompt });
 */
export function aiTools(tools: readonly AgentTool[]): Record<string, Tool> {
  return Object.fromEntries(
    tools.map(({ name, description, inputSchema, outputSchema, run }) => [
      name,
      tool({
        description,
        inputSchema,
        outputSchema,
        execute: (input, { abortSignal }) => run(input, abortSignal ? { signal: abortSignal } : {}),
      }) as Tool,
    ]),
  );
}
