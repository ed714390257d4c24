import { fork } from "node:child_process";
import { resolve } from "node:path";
import type { Grant } from "@latchkey/sdk";
import type { Address } from "viem";

/** One JSON-RPC request: when it began and ended, in milliseconds, and its bytes in both directions. */
export type RequestSpan = { method: string; begin: number; end: number; bytes: number };

/** What the chain's process does when it is asked. */
export type Asked = {
  /** A new session, enabled, of whose budget the first `used` lots are used up. */
  grant(key: Address, salt: number, used: number): Promise<Grant>;
  /** Gives an address USDC. */
  fund(address: Address): Promise<void>;
  /** Forgets the requests so far, and delays the next ones. */
  begin(delay: number): Promise<void>;
  /** The requests since then. */
  spans(): Promise<readonly RequestSpan[]>;
  close(): Promise<void>;
};

/** A chain and a shop in another process. */
export type BenchChain = Asked & {
  /** Its JSON-RPC, through the proxy that counts and delays. */
  rpcUrl: string;
  /** What is for sale by x402. */
  itemUrl: string;
  chainId: number;
  /** In base units of USDC. */
  price: bigint;
};

const encode = (_: string, value: unknown) => (typeof value === "bigint" ? { bigint: `${value}` } : value);
const decode = (_: string, value: unknown) =>
  typeof value === "object" && value !== null && "bigint" in value ? BigInt(value.bigint as string) : value;

/** Writes a message with bigints. */
export const written = (message: unknown): string => JSON.stringify(message, encode);
/** Reads one. */
export const read = (text: string): unknown => JSON.parse(text, decode);

/** Starts the chain; it ends with `close`, and with this process. */
export async function openChain(): Promise<BenchChain> {
  const child = fork(resolve(import.meta.dirname, "chainServer.ts"), { stdio: ["ignore", 2, 2, "ipc"] });
  const waiting = new Map<number, { done: (answer: never) => void; fail: (error: Error) => void }>();
  const opened = new Promise<Omit<BenchChain, keyof Asked>>((done, fail) => waiting.set(0, { done, fail }));
  child.on("message", (text: string) => {
    const { id, answer, error } = read(text) as { id: number; answer: never; error?: string };
    const { done, fail } = waiting.get(id) ?? {};
    waiting.delete(id);
    if (error === undefined) done?.(answer);
    else fail?.(new Error(error));
  });
  child.on("exit", () => {
    for (const { fail } of waiting.values()) fail(new Error("the chain's process ended"));
  });
  let id = 0;
  const ask =
    (name: keyof Asked) =>
    (...parameters: unknown[]): Promise<never> =>
      new Promise((done, fail) => {
        waiting.set(++id, { done, fail });
        child.send(written({ id, name, parameters }));
      });
  return {
    ...(await opened),
    grant: ask("grant"),
    fund: ask("fund"),
    begin: ask("begin"),
    spans: ask("spans"),
    close: ask("close"),
  };
}
