import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "redis";
import { findRedis } from "../../scripts/redis.ts";

/** A genuine Redis of this test's own, on a port and in a folder of its own. */
export type RedisServer = {
  readonly url: string;
  /** A connected client; closed with the server. */
  client(): Promise<ReturnType<typeof createClient>>;
  /** Ends it as a loss of power does, and starts it on the same data. */
  restart(): Promise<void>;
  /** Suspends it for some milliseconds. */
  pause(milliseconds: number): Promise<void>;
  close(): Promise<void>;
};

/**
 * Starts a Redis that keeps what it has confirmed.
 *
 * @param options.cluster As a node of a cluster, with all hash slots.
 */
export async function startRedis({ cluster = false } = {}): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-redis-"));
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  const durable = ["--appendonly", "yes", "--appendfsync", "always", "--save", ""];
  const alone = ["--port", `${port}`, "--bind", "127.0.0.1", "--dir", folder, "--daemonize", "no"];
  let child: ChildProcess;
  const clients: ReturnType<typeof createClient>[] = [];

  const connect = async () => {
    const client = createClient({
      url,
      socket: { reconnectStrategy: (tries) => Math.min(20 * tries, 200) },
    });
    client.on("error", () => {});
    await client.connect();
    return client;
  };
  async function start(): Promise<void> {
    const mode = cluster ? ["--cluster-enabled", "yes", "--cluster-require-full-coverage", "no"] : [];
    child = spawn(findRedis(), [...alone, ...durable, ...mode], { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream?.on("data", (chunk) => {
        output += chunk;
      });
    const failed = once(child, "close").then(() => {
      throw new Error(`redis-server ended: ${output.slice(-500)}`);
    });
    const ready = (async () => {
      while (!/Ready to accept connections|accept connections at/i.test(output))
        await new Promise((done) => setTimeout(done, 10));
    })();
    await Promise.race([ready, failed]);
    failed.catch(() => {});
  }
  async function stop(): Promise<void> {
    const ended = once(child, "close");
    child.kill("SIGKILL");
    await ended;
  }

  await start();
  return {
    url,
    async client() {
      const client = await connect();
      clients.push(client);
      return client;
    },
    async restart() {
      await stop();
      await start();
    },
    async pause(milliseconds) {
      child.kill("SIGSTOP");
      await new Promise((done) => setTimeout(done, milliseconds));
      child.kill("SIGCONT");
    },
    async close() {
      for (const client of clients) client.destroy();
      await stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (typeof address !== "object" || !address) throw new Error("no port");
  return address.port;
}
