import { randomUUID, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { AgentTool } from "@latchkey/agent-tools";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { createMcpServer } from "./createMcpServer.ts";

/** Clients at a time; the one that was silent for longest makes way for another. */
const MOST_CLIENTS = 32;
/** Of a request's body, in bytes. */
const MOST_BODY = 4 * 1024 * 1024;

/** A server that listens. */
export type HttpServer = { url: string; close(): Promise<void> };

/**
 * Serves the tools over streamable HTTP on this machine alone. Every request must carry the token. Those of browsers' pages are
 * rejected by their origin, those that reach it by another name (DNS rebinding) by their host.
 *
 * @param parameters.port 0: a free one.
 * @param parameters.token What clients send as `Authorization: Bearer`.
 */
export async function serveHttp(
  tools: readonly AgentTool[],
  { version, port, token }: { version: string; port: number; token: string },
): Promise<HttpServer> {
  const clients = new Map<string, StreamableHTTPServerTransport>();
  const server = createServer((request, response) => {
    hear(request, response).catch(() => {
      if (!response.headersSent) end(response, 500, "The request failed.");
      else response.destroy();
    });
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const { port: found } = server.address() as AddressInfo;
  const hosts = [`127.0.0.1:${found}`, `localhost:${found}`];
  const origins = hosts.map((host) => `http://${host}`);

  async function hear(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { host, origin, authorization = "" } = request.headers;
    if (host === undefined || !hosts.includes(host)) return end(response, 421, "Unknown host.");
    if (origin !== undefined && !origins.includes(origin)) return end(response, 403, "Forbidden origin.");
    if (!isToken(authorization, token)) {
      response.setHeader("www-authenticate", "Bearer");
      return end(response, 401, "The bearer token is missing or wrong.");
    }
    if (request.url !== "/mcp") return end(response, 404, "The path is /mcp.");
    const id = request.headers["mcp-session-id"];
    const known = typeof id === "string" ? clients.get(id) : undefined;
    if (typeof id === "string" && !known) return end(response, 404, "Unknown session.");
    const body = request.method === "POST" ? await jsonIn(request) : undefined;
    if (body === "too long") return end(response, 413, "The request is too long.");
    if (body === "malformed") return end(response, 400, "The request is not JSON.");
    if (typeof id === "string" && known) {
      // The last one in the map is the one that was heard last.
      clients.delete(id);
      clients.set(id, known);
    }
    await (known ?? (await newClient())).handleRequest(request, response, body);
  }

  async function newClient(): Promise<StreamableHTTPServerTransport> {
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized(id) {
        clients.set(id, transport);
        const [oldest] = clients.keys();
        if (clients.size > MOST_CLIENTS && oldest) clients.get(oldest)?.close();
      },
    });
    const mcp = createMcpServer(tools, version);
    await mcp.connect(transport as Parameters<typeof mcp.connect>[0]);
    const { onclose } = transport;
    transport.onclose = () => {
      if (transport.sessionId) clients.delete(transport.sessionId);
      onclose?.();
    };
    return transport;
  }

  return {
    url: `http://127.0.0.1:${found}/mcp`,
    async close() {
      await Promise.all([...clients.values()].map((client) => client.close()));
      server.close();
      server.closeAllConnections();
    },
  };
}

function isToken(authorization: string, token: string): boolean {
  const given = Buffer.from(authorization);
  const wanted = Buffer.from(`Bearer ${token}`);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

async function jsonIn(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MOST_BODY) return "too long";
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch {
    return "malformed";
  }
}

function end(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { "content-type": "application/json", connection: "close" });
  response.end(JSON.stringify({ jsonrpc: "2.0", id: null, error: { code: -32_000, message } }));
}
