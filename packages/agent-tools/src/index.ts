/** Tools that let a language model pay inside a session: one definition each, for any framework. */
export type { AgentSource, AgentToolsOptions } from "./AgentSource.ts";
export type { AgentTool, ToolAnnotations, ToolAnswer, ToolContext } from "./AgentTool.ts";
export { type AgentTools, agentTools } from "./agentTools.ts";
export { pathExists } from "./pathExists.ts";
export type { ToolCode, ToolRefusal } from "./ToolRefusal.ts";
export { type TokenUnit, tokenUnit } from "./tokenUnits.ts";
export type { Untrusted } from "./untrusted.ts";
