import type { AgentTool } from "@latchkey/agent-tools";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import { createMcpServer } from "./createMcpServer.ts";

/** Serves the tools over stdin and stdout, until stdin ends or the signal is aborted. */
export async function serveStdio(
  tools: readonly AgentTool[],
  { version, signal }: { version: string; signal: AbortSignal },
): Promise<void> {
  const server = createMcpServer(tools, version);
  const ended = new Promise<void>((done) => {
    server.server.onclose = done;
    signal.addEventListener("abort", () => done());
    // The transport does not notice that its client has gone.
    process.stdin.on("end", done).on("close", done);
  });
  await server.connect(new StdioServerTransport());
  if (!signal.aborted) await ended;
  await server.close();
}
