import type { AgentTool } from "@latchkey/agent-tools";
import { instructions, registerTools } from "@latchkey/agent-tools/mcp";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";

/** A server with the agent's tools, for one client. */
export function createMcpServer(tools: readonly AgentTool[], version: string): McpServer {
  const server = new McpServer(
    { name: "latchkey", title: "Latchkey", version },
    { instructions, capabilities: { tools: {} } },
  );
  registerTools(server, tools);
  return server;
}
