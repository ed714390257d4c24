import { type DevChain, type DevSafe, startDevChain } from "@latchkey/devchain";
import { GRANT_VERSION, signGrant } from "@latchkey/sdk";
import {
  type HandoffRequest,
  parseHandoffRequest,
  requestedSession,
  serializeHandoffAnswer,
} from "@latchkey/sdk/handoff";
import { createPublicClient, http, type PublicClient } from "viem";
import { latchkey, type Surroundings, startLatchkey } from "./latchkey.ts";

/** Of the page, which nobody serves here: the tests answer in its place. */
export const PAGE = "http://localhost:4173/";

/** A chain with a shop, and an owner of a Safe with 100 USDC who answers requests. */
export type World = {
  chain: DevChain;
  client: PublicClient;
  safe: DevSafe;
  /** Options that name node and page. */
  at: string[];
  /** A usual limit that pays the shop. */
  allow: string[];
  /** What the page would send if the owner allows a request. */
  answerTo(request: HandoffRequest): Promise<string>;
  /** Sends an answer to where a request waits, as the page does. @returns The status. */
  post(request: HandoffRequest, answer: string): Promise<number>;
  /** Gets a session for a home, by `latchkey request`. @returns What it printed with --json. */
  grantTo(surroundings: Surroundings, ...typed: string[]): Promise<Record<string, unknown>>;
  close(): Promise<void>;
};

/** The request in the link that a command has printed. */
export function requestIn(stdout: string): HandoffRequest {
  const link = /http:\/\/localhost:4173\/[^\s"]+/.exec(stdout)?.[0];
  if (!link) throw new Error(`no link in: ${stdout}`);
  return parseHandoffRequest(link);
}

export async function openWorld(): Promise<World> {
  const chain = await startDevChain({
    shop: { report: { price: "0.05" }, study: { price: "2.50" } },
  });
  const client = createPublicClient({ chain: chain.chain, transport: http(chain.url), pollingInterval: 20 });
  const safe = await chain.createSafe();
  await chain.faucet.mintUsdc(safe.address, "100");
  const at = ["--rpc", chain.url, "--page", PAGE];
  const allow = ["--allow", `usdc:1:20/day@${chain.shop.address}`, "--until", "7d"];

  async function answerTo(request: HandoffRequest): Promise<string> {
    const { timestamp } = await client.getBlock();
    const session = requestedSession(request, { account: safe.address, now: Number(timestamp) });
    const grant = await signGrant(safe.owner, {
      version: GRANT_VERSION,
      chainId: chain.chainId,
      module: chain.latchkey.module,
      accountKind: "safe",
      session,
    });
    return serializeHandoffAnswer(
      { version: 1, nonce: request.nonce, status: "granted", grant, transactions: [] },
      request,
    );
  }
  async function post(request: HandoffRequest, body: string): Promise<number> {
    const { status } = await fetch(request.callback ?? "", {
      method: "POST",
      body,
      headers: { origin: new URL(PAGE).origin, "content-type": "application/json" },
    });
    return status;
  }
  return {
    chain,
    client,
    safe,
    at,
    allow,
    answerTo,
    post,
    async grantTo(surroundings, ...typed) {
      const asked = typed.includes("--allow") ? [] : allow;
      const running = await startLatchkey(surroundings, "request", ...at, ...asked, "--json", ...typed);
      await running.until(/"waiting".*\n/);
      const request = requestIn(running.printed.stdout);
      const status = await post(request, await answerTo(request));
      const { code, stdout, stderr } = await running.ended;
      if (status !== 200 || code !== 0)
        throw new Error(`no session: ${status} ${code}\n${stdout}\n${stderr}`);
      return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Record<string, unknown>;
    },
    close: () => chain.close(),
  };
}

/** Runs a command that must end with 0. @returns What it printed with --json. */
export async function json(surroundings: Surroundings, ...typed: string[]) {
  const { code, stdout, stderr } = await latchkey(surroundings, ...typed, "--json");
  if (code !== 0) throw new Error(`latchkey ${typed.join(" ")} ended with ${code}: ${stderr}`);
  // biome-ignore lint/suspicious/noExplicitAny: the tests say what it has.
  return JSON.parse(stdout) as any;
}

/** Runs a command that must fail. @returns The failure that it printed with --json. */
export async function failure(surroundings: Surroundings, ...typed: string[]) {
  const { code, stdout, stderr } = await latchkey(surroundings, ...typed, "--json");
  if (code === 0) throw new Error(`latchkey ${typed.join(" ")} ended with 0: ${stdout}`);
  const printed = JSON.parse(stderr) as {
    code: string;
    message: string;
    whatToDo: string[];
    details: Record<string, unknown>;
    exitCode: number;
  };
  if (printed.exitCode !== code) throw new Error(`it said ${printed.exitCode}, and ended with ${code}`);
  return printed;
}
