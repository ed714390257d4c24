import type * as z from "zod";
import type { ToolRefusal } from "./ToolRefusal.ts";

/** What a host may assume of a tool, in MCP's terms. */
export type ToolAnnotations = {
  /** It changes nothing. */
  readOnlyHint: boolean;
  /** What it does cannot be undone. */
  destructiveHint: boolean;
  /** The same input again has no further effect. */
  idempotentHint: boolean;
  /** It deals with strangers: shops and their pages. */
  openWorldHint: boolean;
};

/** What a framework gives a running tool. */
export type ToolContext = {
  /** Stops the tool. A payment that was already sent is not revoked by it. */
  signal?: AbortSignal;
  /** Is told what takes long. */
  progress?: (message: string) => void;
};

/** What a tool answers: its result, or why there is none. Safe for JSON, and never with a secret. */
export type ToolAnswer = ({ ok: true } & Record<string, unknown>) | ToolRefusal;

/** One tool, for any framework: {@link registerTools} of `./mcp` and `aiTools` of `./ai` adapt it. */
export type AgentTool = {
  name: string;
  title: string;
  /** For a model. */
  description: string;
  inputSchema: z.ZodObject;
  /** Of every answer, refusals included. */
  outputSchema: z.ZodObject;
  annotations: ToolAnnotations;
  /** Never rejects: what fails is an answer with `ok: false`. */
  run(input: unknown, context?: ToolContext): Promise<ToolAnswer>;
};
