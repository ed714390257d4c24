/** The tools for the Vercel AI SDK. */
import { jsonSchema, type Tool, tool } from "ai";
import * as z from "zod";
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
        // Given the zod schema, the SDK would check inputs itself and answer in words of its own, without a code.
        inputSchema: jsonSchema<unknown>(
          z.toJSONSchema(inputSchema, { io: "input", target: "draft-7" }) as Parameters<typeof jsonSchema>[0],
        ),
        outputSchema,
        execute: (input: unknown, { abortSignal }: { abortSignal?: AbortSignal }) =>
          run(input, abortSignal ? { signal: abortSignal } : {}),
      }) as Tool,
    ]),
  );
}
