import { type ChildProcess, spawn } from "node:child_process";
import { createServer, type Server } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { devNull } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Provider, TestChain } from "@latchkey/devchain";
import { type Address, createClient, type Hex, http, keccak256, toBytes } from "viem";
import { getSupportedEntryPoints } from "viem/account-abstraction";
import { privateKeyToAddress } from "viem/accounts";

/** A bundler over a test chain, each behind JSON-RPC on a port of its own. */
export type Bundler = {
  /** The chain's JSON-RPC. */
  chainUrl: string;
  /** The bundler's JSON-RPC. */
  url: string;
  /** What the bundler has printed so far: the last 200 lines. */
  output(): string;
  /** Ends both. */
  close(): Promise<void>;
};

/** Whose transactions carry the bundles, and who places the contracts that the bundler simulates with. */
const EXECUTOR: Hex = keccak256(toBytes("the bundler's executor"));
const DEPLOYER: Hex = keccak256(toBytes("the bundler's deployer"));

const CLI = fileURLToPath(new URL("cli/alto.js", import.meta.resolve("@pimlico/alto")));

/**
 * Arguments of Node for a child that shall end when this process is gone, however it went: then its standard input,
 * which must be a pipe, is closed. The child's own threads run it as well, and have no such input.
 */
export const ENDS_WITH_PARENT: readonly string[] = [
  "--import",
  `data:text/javascript,${encodeURIComponent(
    'import { isMainThread } from "node:worker_threads";' +
      'if (isMainThread) process.stdin.resume().on("end", () => process.exit());',
  )}`,
];

/** A chain of this process behind JSON-RPC. Hardhat's own server makes a new chain, of which nothing is placed. */
async function serve(provider: Provider): Promise<Server> {
  const answer = async (request: { id: unknown; method: string; params?: unknown[] }) => {
    const head = { jsonrpc: "2.0", id: request.id };
    try {
      return {
        ...head,
        result: await provider.request({ method: request.method, params: request.params ?? [] }),
      };
    } catch (error) {
      const { code = -32603, message, data } = error as { code?: number; message: string; data?: unknown };
      return { ...head, error: { code, message, data } };
    }
  };
  const server = createServer(async (incoming, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const body = JSON.parse(Buffer.concat(chunks).toString());
    const reply = Array.isArray(body) ? await Promise.all(body.map(answer)) : await answer(body);
    response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(reply));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return server;
}

const portOf = (server: { address(): string | AddressInfo | null }) => (server.address() as AddressInfo).port;

/** A port that nobody listens on. */
async function freePort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((listening) => server.listen(0, listening));
  const port = portOf(server);
  await new Promise((closed) => server.close(closed));
  return port;
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess) => exitCode !== null || signalCode !== null;

async function untilReady(url: string, alto: ChildProcess, output: () => string): Promise<void> {
  const client = createClient({ transport: http(url, { retryCount: 0 }) });
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; await sleep(100)) {
    if (hasEnded(alto)) break;
    if (await getSupportedEntryPoints(client).catch(() => undefined)) return;
  }
  throw new Error(`the bundler did not start:\n${output()}`);
}

/**
 * Starts Pimlico's Alto over the chain. It checks userOps by simulating them, but not the rules of ERC-7562 ("safe
 * mode"): for these it needs a tracer that a development chain has not. It listens on all of this machine's addresses,
 * which it leaves no choice about.
 * @param entryPoints Those that it shall serve: of 0.7, or at the usual address of a later version.
 * @throws With what the bundler has printed, if it does not start.
 */
export async function startBundler(testChain: TestChain, entryPoints: readonly Address[]): Promise<Bundler> {
  for (const key of [EXECUTOR, DEPLOYER]) await testChain.setBalance(privateKeyToAddress(key), 10n ** 21n);
  const chain = await serve(testChain.provider);
  const chainUrl = `http://127.0.0.1:${portOf(chain)}`;
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/v2/rpc`;
  const options: Record<string, string | number> = {
    entrypoints: entryPoints.join(","),
    "rpc-url": chainUrl,
    "executor-private-keys": EXECUTOR,
    "utility-private-key": DEPLOYER,
    "safe-mode": "false",
    port,
    "min-entity-stake": 1,
    "min-entity-unstake-delay": 1,
    "block-time": 200,
    // A call of Hardhat's chain has no more gas than a transaction may have (EIP-7825): too little to search for several
    // gas limits in one of them where a large account is made.
    "split-simulation-calls": "true",
    "log-level": process.env.LATCHKEY_BUNDLER_LOG ?? "warn",
  };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const alto = spawn(process.execPath, ["--no-warnings", ...ENDS_WITH_PARENT, CLI, ...args], {
    // Nothing of this machine's: Alto would take options from a file .env and from variables, one of which reports errors.
    env: { DOTENV_CONFIG_PATH: devNull },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const lines: string[] = [];
  for (const stream of [alto.stdout, alto.stderr])
    stream.on("data", (chunk: Buffer) => lines.push(...chunk.toString().split("\n")));
  const output = () => lines.slice(-200).join("\n");
  const close = async () => {
    if (!hasEnded(alto)) {
      const ended = new Promise((done) => alto.once("exit", done));
      alto.kill("SIGKILL");
      await ended;
    }
    chain.closeAllConnections();
    await new Promise((closed) => chain.close(closed));
  };
  try {
    await untilReady(url, alto, output);
  } catch (error) {
    await close();
    throw error;
  }
  return { chainUrl, url, output, close };
}
