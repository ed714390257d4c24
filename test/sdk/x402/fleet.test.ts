import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { asSafe } from "@latchkey/accounts/asSafe";
import { createSafe, installOnSafe, type SafeAccount, signAsSafe } from "@latchkey/accounts/safeAccount";
import { ecdsaOwner } from "@latchkey/accounts/safeOwner";
import { type Merchant, openMerchant } from "@latchkey/devchain";
import { type Grant, grantDigest } from "@latchkey/sdk";
import { encodeEnable } from "@latchkey/sdk/encoding";
import { decodePaymentSignatureHeader } from "@x402/core/http";
import { expect } from "chai";
import { type Address, getAddress, keccak256, pad, parseAbiItem, toBytes } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { FROM_SOURCES } from "../../../scripts/fromSources.ts";
import { installLatchkey } from "../../environment/latchkey.ts";
import { type RedisServer, startRedis } from "../../environment/redisServer.ts";
import { type Environment, setUp } from "../../environment/setUp.ts";
import type { FleetOrders } from "./fleetAgent.ts";

const DEEP = Boolean(process.env.LATCHKEY_DEEP);
const PROCESSES = DEEP ? 8 : 3;
const KILLS = DEEP ? 200 : 10;
const ORDERS = DEEP ? 400 : 12;
/** Seconds that a payment lives. */
const LIFE = 60;
const DOLLAR = 1_000_000n;
const privateKey = keccak256(toBytes("the key of the fleet"));
const shop = getAddress("0x5409000000000000000000000000000000000002");

describe("a fleet that shares a session by Redis", function () {
  this.timeout(DEEP ? 3_600_000 : 600_000);

  let environment: Environment;
  let merchant: Merchant;
  let redis: RedisServer;
  let safe: SafeAccount;
  let grant: Grant;
  let blocks: NodeJS.Timeout;
  const node = createServer((request, response) => {
    (async () => {
      let body = "";
      for await (const chunk of request) body += chunk;
      const { id, method, params } = JSON.parse(body);
      const answer = await environment.testChain.provider.request({ method, params } as never).then(
        (result: unknown) => ({ result }),
        (error: { code?: number; message: string; data?: unknown }) => ({
          error: { code: error.code ?? -32000, message: error.message, data: error.data },
        }),
      );
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ jsonrpc: "2.0", id, ...answer }));
    })().catch(() => response.destroy());
  });

  before(async () => {
    environment = await setUp("ethereum");
    const { testChain, usdc } = environment;
    const latchkey = await installLatchkey(testChain);
    safe = await createSafe(environment, { version: "1.4.1", owner: ecdsaOwner("fleet") });
    await installOnSafe(safe, latchkey, [usdc.domainSeparator]);
    await usdc.mint(safe.address, 1000n * DOLLAR);
    merchant = await openMerchant(testChain, {
      order: { amount: DOLLAR, asset: usdc.address, payTo: shop, maxTimeoutSeconds: LIFE },
    });
    redis = await startRedis();
    node.listen(0, "127.0.0.1");
    await once(node, "listening");
    const { timestamp } = await testChain.client.getBlock();
    const session: Grant["session"] = {
      account: safe.address,
      key: privateKeyToAccount(privateKey).address,
      validAfter: Number(timestamp) - 1000,
      validUntil: Number(timestamp) + 7 * 86_400,
      epoch: 0n,
      salt: 7n,
      gasAllowance: 0n,
      paymaster: pad("0x", { size: 20 }),
      budgets: [
        {
          token: usdc.address,
          perTransaction: DOLLAR,
          perPeriod: 1000n * DOLLAR,
          period: 86_400,
          initial: 0n,
          perSecond: 0n,
          signatures: 1,
          sizes: 5,
          recipients: [shop],
        },
      ],
      actions: [],
    };
    const { chainId } = testChain;
    const { module } = latchkey;
    const signature = await signAsSafe(safe, grantDigest(session, { chainId, module }));
    const granted: Grant = { version: 1, chainId, module, accountKind: "safe", session, signature };
    await asSafe(safe, [encodeEnable(granted)]);
    grant = { ...granted, signature: "0x" };
    // As on any chain: a payment that was killed is over only once a block is later than its time.
    blocks = setInterval(() => {
      testChain.provider.request({ method: "evm_mine", params: [] }).catch(() => {});
    }, 1000);
  });
  after(async () => {
    clearInterval(blocks);
    node.closeAllConnections();
    node.close();
    await redis?.close();
    await merchant?.close();
    await environment?.connection.close();
  });

  it(`pays every purchase once: ${PROCESSES} processes, killed ${KILLS} times, with Redis killed and suspended`, async () => {
    const orders = Array.from({ length: ORDERS }, (_, order) => `order-${order}`);
    const paid = new Set<string>();
    const complaints: string[] = [];
    const isOver = { value: false };
    const script = fileURLToPath(new URL("fleetAgent.ts", import.meta.url));
    const running: (ChildProcess | undefined)[] = [];
    /** Those that have begun to pay: a kill while a process starts tests nothing. */
    const working = new Set<ChildProcess>();
    /** Each order is made by two processes, so that they meet. */
    const ordersOf = (agent: number) =>
      orders.filter((_, order) => order % PROCESSES === agent || (order + 1) % PROCESSES === agent);

    /** Keeps one agent running, whatever ends it, until its orders are paid. */
    async function employ(agent: number): Promise<void> {
      for (;;) {
        const told: FleetOrders = {
          rpcUrl: `http://127.0.0.1:${(node.address() as AddressInfo).port}`,
          redisUrl: redis.url,
          url: merchant.url("order"),
          privateKey,
          grant: JSON.stringify(grant, (_, value) => (typeof value === "bigint" ? `${value}n` : value)),
          orders: ordersOf(agent).filter((order) => !paid.has(`${agent} ${order}`)),
        };
        if (told.orders.length === 0) return;
        const child = spawn(process.execPath, ["--no-warnings", FROM_SOURCES, script, JSON.stringify(told)]);
        running[agent] = child;
        child.stdout.on("data", (chunk) => {
          for (const line of `${chunk}`.split("\n")) {
            if (line === "ready") working.add(child);
            if (line.startsWith("paid ")) paid.add(`${agent} ${line.slice(5)}`);
          }
        });
        child.stderr.on("data", (chunk) => complaints.push(`${chunk}`));
        await once(child, "close");
        running[agent] = undefined;
        if (isOver.value) return;
      }
    }
    const employed = Array.from({ length: PROCESSES }, (_, agent) => employ(agent));

    let kills = 0;
    let faults = 0;
    const busy = () =>
      running.filter((child) => child && working.has(child) && child.exitCode === null && !child.killed);
    const allPaid = () => orders.every((_, order) => paid.has(`${order % PROCESSES} order-${order}`));
    while (kills < KILLS && !allPaid()) {
      await new Promise((done) => setTimeout(done, Math.random() * (DEEP ? 1500 : 2500)));
      const candidates = busy();
      if (candidates.length === 0) continue;
      candidates[Math.floor(Math.random() * candidates.length)]?.kill("SIGKILL");
      kills++;
      if (kills % 7 === 3) {
        await redis.restart();
        faults++;
      }
      if (kills % 7 === 6) {
        await redis.pause(1000);
        faults++;
      }
    }
    const start = performance.now();
    await Promise.all(employed);
    isOver.value = true;
    const settled = performance.now() - start;
    const told = `${kills} kills, ${faults} faults, ${merchant.headers.length} sent, ${Math.round(settled)} ms\n${complaints.slice(-20).join("")}`;

    // Every order was paid, and nothing besides.
    for (const [index, order] of orders.entries())
      expect(paid.has(`${index % PROCESSES} ${order}`), told).to.equal(true);
    const logs = await environment.testChain.client.getLogs({
      address: environment.usdc.address,
      event: parseAbiItem("event Transfer(address indexed from, address indexed to, uint256 value)"),
      args: { from: safe.address as Address, to: shop },
      fromBlock: 0n,
    });
    expect(logs, told).to.have.length(ORDERS);
    // No slot was used for two payments, nor an order paid by two.
    const nonces = merchant.headers.map((header) => {
      const { authorization } = decodePaymentSignatureHeader(header).payload as {
        authorization: { nonce: string };
      };
      return authorization.nonce;
    });
    expect(new Set(nonces).size, told).to.equal(new Set(merchant.headers).size);
    expect(new Set(merchant.headers).size, told).to.equal(ORDERS);
    expect(kills, told).to.be.at.least(KILLS / 2);
    expect(settled / 1000, told).to.be.lessThan(LIFE * (DEEP ? 4 : 1));
  });
});
