import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Faucet } from "@latchkey/devchain";
import { getAddress, isAddress } from "viem";
import { z } from "zod";

/** In dollars. */
export const FAUCET_USDC = "100";
/** In whole coins. */
export const FAUCET_ETHER = "10";

const MOST_BODY = 1_000;
/** Milliseconds that a request may take. */
const PATIENCE = 10_000;

const asked = z.strictObject({
  address: z.string().refine((text) => isAddress(text)),
  give: z.enum(["ether", "usdc"]),
});

/** The faucet, being served. */
export type FaucetServer = {
  /** `http://127.0.0.1:<port>/<random path>` */
  url: string;
  close(): Promise<void>;
};

/**
 * Serves a faucet to programs of this machine: `POST {"address", "give": "ether" | "usdc"}`. Browsers' pages are rejected,
 * as they name their origin; DNS rebinding is rejected by the host; other users of the machine do not know the path.
 *
 * @param faucet What gives the money.
 */
export async function openFaucetServer(faucet: Faucet): Promise<FaucetServer> {
  const path = `/${randomBytes(24).toString("base64url")}`;
  const server = createServer(
    { requestTimeout: PATIENCE, headersTimeout: PATIENCE, connectionsCheckingInterval: 2_000 },
    (request, response) => {
      hear(request, response).catch(() => response.destroy());
    },
  );
  server.maxConnections = 16;
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const hosts = [`127.0.0.1:${port}`, `localhost:${port}`];

  async function hear(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const end = (status: number, body?: object) => {
      response.writeHead(status, { "content-type": "application/json", connection: "close" });
      // The rest of a rejected request is not read.
      response.end(body && JSON.stringify(body), () => request.complete || request.destroy());
    };
    const { host, origin } = request.headers;
    if (host === undefined || !hosts.includes(host)) return end(421);
    if (origin !== undefined) return end(403);
    if (request.url !== path) return end(404);
    if (request.method !== "POST") return end(405);
    // A page can send other types without asking first.
    if (!/^application\/json\b/i.test(request.headers["content-type"] ?? "")) return end(415);
    const body = await readBody(request);
    if (body === undefined) return end(413);
    const { data } = asked.safeParse(parse(body));
    if (data === undefined) return end(400, { message: "Send an address, and what to give: ether or usdc." });
    const address = getAddress(data.address);
    if (data.give === "ether") await faucet.sendEther(address, FAUCET_ETHER);
    else await faucet.mintUsdc(address, FAUCET_USDC);
    end(200, { address, gave: data.give, amount: data.give === "ether" ? FAUCET_ETHER : FAUCET_USDC });
  }

  return {
    url: `http://127.0.0.1:${port}${path}`,
    async close() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** The body as text; undefined if it is too long. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MOST_BODY) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
