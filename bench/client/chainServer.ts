/**
 * The other side of the payments that `bench:client` measures, in a process of its own, so that its CPU time is not the
 * client's: a development chain, a shop, and a JSON-RPC proxy that delays, counts and logs requests. `openChain` starts it.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { startDevChain } from "@latchkey/devchain";
import { type Grant, hashSession, type Session } from "@latchkey/sdk";
import { encodeEnable, slotNonce } from "@latchkey/sdk/encoding";
import { type Address, encodeAbiParameters, type Hex, keccak256, pad } from "viem";
import { call } from "viem/actions";
import { type Asked, type BenchChain, type RequestSpan, read, written } from "./openChain.ts";

const MULTICALL3: Address = "0xcA11bde05977b3631167028862bE2a173976CA11";
/** Where FiatToken keeps which nonces are used. */
const AUTHORIZATION_STATES = 16n;
const PRICE = 50_000n;

const chain = await startDevChain({ shop: { report: { price: "0.05" } } });
const { testChain, usdc } = chain;
// viem carries the creation code but does not export it.
const contracts = new URL("./constants/contracts.js", import.meta.resolve("viem"));
const { multicall3Bytecode } = (await import(contracts.href)) as { multicall3Bytecode: Hex };
const { data: multicall3 = "0x" } = await call(testChain.client, { data: multicall3Bytecode });
await testChain.setCode(MULTICALL3, multicall3);

const safe = await chain.createSafe();
await usdc.mint(safe.address, 1_000_000n * 10n ** 6n);

let delay = 0;
let spans: RequestSpan[] = [];
const proxy = createServer((request, response) => {
  const begin = performance.now();
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", async () => {
    const body = Buffer.concat(chunks);
    const asked = JSON.parse(body.toString()) as { method: string } | { method: string }[];
    await new Promise((done) => setTimeout(done, delay));
    const answer = await fetch(chain.url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    });
    const text = await answer.text();
    const end = performance.now();
    const bytes = body.length + text.length;
    for (const { method } of [asked].flat()) spans.push({ method, begin, end, bytes });
    response.setHeader("content-type", "application/json");
    response.end(text);
  });
});
await new Promise<void>((done) => proxy.listen(0, "127.0.0.1", done));

/** A session of its own for each row; with `used` lots that were paid from. */
async function grantFor(key: Address, salt: number, used: number): Promise<Grant> {
  const { timestamp } = await testChain.client.getBlock();
  const session: Session = {
    account: safe.address,
    key,
    validAfter: Number(timestamp) - 1000,
    validUntil: Number(timestamp) + 86_400 * 30,
    epoch: 0n,
    salt: BigInt(salt),
    gasAllowance: 0n,
    paymaster: pad("0x", { size: 20 }),
    budgets: [
      {
        token: usdc.address,
        perTransaction: 1_000_000n,
        perPeriod: 20_000n * 1_000_000n,
        period: 86_400 * 7,
        initial: 0n,
        perSecond: 0n,
        signatures: 1,
        sizes: 5,
        recipients: [chain.shop.address],
      },
    ],
    actions: [],
  };
  const grant: Grant = {
    version: 1,
    chainId: chain.chainId,
    module: chain.latchkey.module,
    accountKind: "safe",
    session,
    signature: "0x",
  };
  const { to, data } = encodeEnable(grant);
  await testChain.send({ from: safe.address, to, data });
  const inner = keccak256(
    encodeAbiParameters([{ type: "address" }, { type: "uint256" }], [safe.address, AUTHORIZATION_STATES]),
  );
  const id = hashSession(session);
  const writes = Array.from({ length: used }, (_, lot) => ({
    jsonrpc: "2.0",
    id: lot,
    method: "hardhat_setStorageAt",
    params: [
      usdc.address,
      keccak256(
        encodeAbiParameters(
          [{ type: "bytes32" }, { type: "bytes32" }],
          [slotNonce({ id, budgetIndex: 0, period: 0n, lot: BigInt(lot), size: 0, index: 0n }), inner],
        ),
      ),
      pad("0x01"),
    ],
  }));
  for (let from = 0; from < writes.length; from += 1000)
    await fetch(chain.url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(writes.slice(from, from + 1000)),
    }).then((answer) => answer.text());
  return grant;
}

/** What the measuring process may ask for. */
const answers: { [name in keyof Asked]: (...parameters: Parameters<Asked[name]>) => Promise<unknown> } = {
  grant: grantFor,
  fund: (address) => usdc.mint(address, 10_000n * 10n ** 6n),
  begin: async (milliseconds) => {
    delay = milliseconds;
    spans = [];
  },
  spans: async () => spans,
  close: async () => {
    proxy.close();
    proxy.closeAllConnections();
    await chain.close();
  },
};
process.on("message", async (text: string) => {
  const { id, name, parameters } = read(text) as { id: number; name: keyof Asked; parameters: never[] };
  try {
    const answer = await (answers[name] as (...parameters: never[]) => Promise<unknown>)(...parameters);
    process.send?.(written({ id, answer }));
    if (name === "close") process.disconnect();
  } catch (error) {
    process.send?.(written({ id, error: String((error as Error).stack) }));
  }
});
const opened: Omit<BenchChain, keyof Asked> = {
  rpcUrl: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
  itemUrl: chain.shop.url("report"),
  chainId: chain.chainId,
  price: PRICE,
};
process.send?.(written({ id: 0, answer: opened }));
