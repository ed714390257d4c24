import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { decodeError } from "../errors/decodeError.ts";
import { isRefusal } from "../errors/isRefusal.ts";

/** Milliseconds that a page may take to send its answer. */
const PATIENCE = 10_000;
/** Milliseconds that open connections may take to end when the server closes. */
const GRACE = 500;

/** Where a page on the same machine sends its answer. */
export type CallbackServer = {
  /** `http://127.0.0.1:<port>/<random path>` */
  url: string;
  close(): Promise<void>;
};

/** Whether an address is in use, by another program or by another process that waits for the same answer. */
export const isTaken = (error: unknown) => (error as NodeJS.ErrnoException).code === "EADDRINUSE";

/**
 * Opens a server on the loopback interface for one page. Other machines do not reach it; other pages of this
 * machine's browsers are rejected by their origin, and do not know the path; DNS rebinding is rejected
 * by the host.
 *
 * @param parameters.origin Of the page: the only one that is allowed.
 * @param parameters.mostBody In bytes.
 * @param parameters.url Of an earlier server, whose place this one takes. Default: a new one.
 * @param parameters.take Gets the body of each POST. If it throws, the page gets a 400, and the wait goes on.
 */
export async function openCallbackServer(parameters: {
  origin: string;
  mostBody: number;
  url?: string;
  take(text: string): Promise<void>;
}): Promise<CallbackServer> {
  const { origin, mostBody, take } = parameters;
  const earlier = parameters.url === undefined ? undefined : new URL(parameters.url);
  const path = earlier?.pathname ?? `/${randomBytes(24).toString("base64url")}`;
  const server = createServer(
    { requestTimeout: PATIENCE, headersTimeout: PATIENCE, connectionsCheckingInterval: 2_000 },
    (request, response) => {
      hear(request, response).catch(() => response.destroy());
    },
  );
  server.maxConnections = 16;
  server.listen(Number(earlier?.port ?? 0), "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const hosts = [`127.0.0.1:${port}`, `localhost:${port}`];

  async function hear(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const end = (status: number, body?: { code: string; message: string }) => {
      response.writeHead(status, { "content-type": "application/json", connection: "close" });
      // The rest of a rejected request is not read.
      response.end(body && JSON.stringify(body), () => request.complete || request.destroy());
    };
    const { host, origin: sender } = request.headers;
    if (host === undefined || !hosts.includes(host)) return end(421);
    if (request.url !== path) return end(404);
    if (sender !== origin) return end(403);
    response.setHeader("access-control-allow-origin", origin);
    response.setHeader("vary", "origin");
    if (request.method === "OPTIONS") {
      response.setHeader("access-control-allow-methods", "POST");
      response.setHeader("access-control-allow-headers", "content-type");
      response.setHeader("access-control-allow-private-network", "true");
      return end(204);
    }
    if (request.method !== "POST") return end(405);
    // A page can send other types without asking first.
    if (!/^application\/json\b/i.test(request.headers["content-type"] ?? "")) return end(415);
    const body = await readBody(request, mostBody);
    if (body === undefined) return end(413, { code: "INVALID_ANSWER", message: "The answer is too long." });
    try {
      await take(body);
    } catch (error) {
      const { code, shortMessage } = decodeError(error);
      return end(isRefusal(error, "HANDOFF_CLOSED") ? 409 : 400, { code, message: shortMessage });
    }
    end(200);
  }

  return {
    url: `http://127.0.0.1:${port}${path}`,
    async close() {
      if (!server.listening) return;
      const closed = once(server, "close");
      server.close();
      server.closeIdleConnections();
      // A client may hold a connection open for as long as we wait.
      const impatience = setTimeout(() => server.closeAllConnections(), GRACE);
      await closed;
      clearTimeout(impatience);
    },
  };
}

/** The body as text; undefined if it is too long. */
async function readBody(request: IncomingMessage, most: number): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > most) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
