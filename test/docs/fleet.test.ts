import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { access, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createSafe, installOnSafe, type SafeAccount } from "@latchkey/accounts/safeAccount";
import { ecdsaOwner } from "@latchkey/accounts/safeOwner";
import { createFacilitator, type Merchant, openMerchant } from "@latchkey/devchain";
import { proposeSession, signGrant } from "@latchkey/sdk";
import { ensureKey, writeGrantFile } from "@latchkey/sdk/node";
import type { FacilitatorClient } from "@x402/core/server";
import { expect } from "chai";
import { parseAbiItem } from "viem";
import { FROM_SOURCES } from "../../scripts/fromSources.ts";
import { type RedisServer, startRedis } from "../environment/redisServer.ts";
import { LIVE } from "../environment/setUp.ts";
import { keyOf, openDocsChain } from "./docsChain.ts";
import type { WorkerOrders } from "./fleetWorker.ts";
import { followPage } from "./followPage.ts";
import type { Given } from "./Given.ts";
import { snippetFaults } from "./snippets.ts";

const page = "docs/recipes/fleet.md";
const address = new URL(`../../${page}`, import.meta.url);
const given = [
  "client",
  "redisUrl",
  "keyPath",
  "grantPath",
  "worker",
  "orders",
  "takeOverAfter",
  "fromBlock",
] as const;
const PRICE = 100_000n;
const TAKE_OVER = 1000;

describe(`${page} (${LIVE.base ? "live fork" : "hermetic"})`, function () {
  // The compiler takes its time where the cores are busy.
  this.timeout(LIVE.base ? 300_000 : 240_000);

  let chain: Awaited<ReturnType<typeof openDocsChain>>;
  let merchant: Merchant;
  let redis: RedisServer;
  let account: SafeAccount;
  let folder: string;
  let fromBlock: bigint;
  const running = new Set<ChildProcess>();
  const shop = keyOf("the fleet's shop").address;
  const ownerSeed = "the fleet's Safe";
  /** Where the next payment stops, and who is told. */
  let stop: { at: "before settling" | "after settling"; reached: () => void } | undefined;

  before(async () => {
    chain = await openDocsChain();
    const { client, testChain, usdc, latchkey } = chain;
    const facilitator = await createFacilitator(testChain);
    const stopping = {
      verify: facilitator.verify.bind(facilitator),
      getSupported: async () => facilitator.getSupported(),
      async settle(...parameters: Parameters<typeof facilitator.settle>) {
        const stopped = stop;
        stop = undefined;
        const settled =
          stopped?.at === "before settling" ? undefined : await facilitator.settle(...parameters);
        if (!stopped && settled) return settled;
        stopped?.reached();
        return new Promise<never>(() => {});
      },
    } as unknown as FacilitatorClient;
    const sells = { amount: PRICE, asset: usdc.address, payTo: shop };
    merchant = await openMerchant(
      testChain,
      { report: sells, dear: { ...sells, amount: 3n * PRICE } },
      stopping,
    );
    account = await createSafe(chain, { version: "1.4.1", owner: ecdsaOwner(ownerSeed) });
    await installOnSafe(account, latchkey, [usdc.domainSeparator]);
    await usdc.mint(account.address, 100_000_000n);
    folder = await mkdtemp(join(tmpdir(), "latchkey-fleet-"));
    redis = await startRedis();
    fromBlock = await client.getBlockNumber();
    const proposal = await proposeSession(client, {
      account: account.address,
      key: await ensureKey(files().keyPath),
      budgets: { usdc: { perTransaction: "0.10", perDay: "0.80", recipients: [shop] } },
      until: "7d",
    });
    await writeGrantFile(files().grantPath, await signGrant(keyOf(`owner ${ownerSeed}`), proposal));
  });
  after(async () => {
    for (const child of running) child.kill("SIGKILL");
    await redis?.close();
    await merchant?.close();
    await chain?.close();
    if (folder) await rm(folder, { recursive: true });
  });

  const files = () => ({ keyPath: join(folder, "key.json"), grantPath: join(folder, "grant.json") });
  const common = (worker: string, orders: Given["orders"]) => ({
    redisUrl: redis.url,
    ...files(),
    worker,
    orders,
    takeOverAfter: TAKE_OVER,
  });
  const order = (job: string, item = "report") => ({ job, url: `${merchant.url(item)}?job=${job}` });

  /** Starts a worker with the code of the page, in a process of its own. */
  function start(worker: string, orders: Given["orders"] = []) {
    const told: WorkerOrders = { rpcUrl: chain.rpcUrl, ...common(worker, orders) };
    const script = fileURLToPath(new URL("fleetWorker.ts", import.meta.url));
    const child = spawn(process.execPath, ["--no-warnings", FROM_SOURCES, script, JSON.stringify(told)]);
    running.add(child);
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk) => {
        output += chunk;
      });
    const ended = once(child, "close").then(([code]) => {
      running.delete(child);
      return code as number | null;
    });
    return { child, ended, output: () => output };
  }
  /** Starts a worker, and kills it where its next payment is. */
  async function startAndKill(at: NonNullable<typeof stop>["at"], worker: string, orders?: Given["orders"]) {
    const { promise, resolve: reached } = Promise.withResolvers<void>();
    stop = { at, reached };
    const { child, ended, output } = start(worker, orders);
    const early = ended.then(() => {
      throw new Error(`${worker} ended before it was killed: ${output()}`);
    });
    await Promise.race([promise, early]);
    early.catch(() => {});
    child.kill("SIGKILL");
    await ended;
  }
  const pause = () => new Promise((done) => setTimeout(done, TAKE_OVER + 100));
  const payments = () =>
    chain.client.getLogs({
      address: chain.usdc.address,
      event: parseAbiItem("event Transfer(address indexed from, address indexed to, uint256 value)"),
      args: { from: account.address, to: shop },
      fromBlock,
    });

  it("pays each job once, also where a worker is killed before or after its payment settles", async () => {
    const jobs = ["1", "2", "3", "4", "5", "6"];
    const connection = await redis.client();
    await startAndKill("before settling", "first", [...jobs.map((job) => order(job)), order("dear", "dear")]);
    expect(await payments()).to.have.length(0);
    await pause();
    // It takes job 1 over, with the payment that the first worker has signed.
    await startAndKill("after settling", "second");
    expect(await payments()).to.have.length(1);
    expect(merchant.headers).to.have.length(2);
    expect(new Set(merchant.headers).size).to.equal(1);
    await pause();
    // Job 4 is added again, beside a new one.
    const workers = [start("third", [order("4"), order("7")]), start("fourth")];
    for (const { ended, output } of workers) expect(await ended, output()).to.equal(0);

    await pause();
    await followPage(
      {
        page,
        given: {
          client: chain.client,
          ...common("last", []),
          fromBlock,
        } satisfies Pick<Given, (typeof given)[number]>,
      },
      {
        async meter({ meter, redis: own }) {
          (own as typeof connection).destroy();
          expect(meter).to.include({ payments: 7, spent: 7n * PRICE });
        },
      },
    );
    const results = await connection.hGetAll("fleet:results");
    expect(Object.keys(results).sort()).to.deep.equal([...jobs, "7", "dear"].sort());
    expect(results.dear).to.match(/^Not paid: 0\.3 USDC exceeds the limit/);
    expect(results["1"]).to.equal("Paid, and not delivered.");
    for (const job of ["2", "3", "4", "5", "6", "7"]) expect(results[job]).to.include('"sold":"report"');
    expect((await connection.xPending("fleet:jobs", "fleet:workers")).pending).to.equal(0);
    // The chain: one transfer of the price for each job, and nothing besides.
    const paid = await payments();
    expect(paid.map(({ args }) => args.value)).to.deep.equal(Array(7).fill(PRICE));
    // And no other payment was sent.
    expect(new Set(merchant.headers).size).to.equal(7);
  });

  it("sets aside a job that was begun an hour ago, and pays nothing for it", async () => {
    const connection = await redis.client();
    await connection.hSet("fleet:begun", "forgotten", `${Date.now() - 3_600_000}`);
    const { ended, output } = start("fifth", [order("forgotten")]);
    expect(await ended, output()).to.equal(0);
    expect(await connection.hGet("fleet:results", "forgotten")).to.match(/^Begun too long ago/);
    expect(await payments()).to.have.length(7);
  });

  it("ends at the day's limit, and keeps the job for the next day", async () => {
    const connection = await redis.client();
    const { ended, output } = start("sixth", [order("8"), order("tomorrow")]);
    expect(await ended).to.equal(1);
    expect(output()).to.include("exceeds the largest payment that this period has left, 0 USDC");
    expect(await payments()).to.have.length(8);
    expect(await connection.hGet("fleet:results", "8")).to.include('"sold":"report"');
    expect(await connection.hExists("fleet:results", "tomorrow")).to.equal(0);
    expect(await connection.hExists("fleet:begun", "tomorrow")).to.equal(0);
    expect((await connection.xPending("fleet:jobs", "fleet:workers")).pending).to.equal(1);
  });

  it("refuses to start on a Redis that may forget", async () => {
    const connection = await redis.client();
    for (const [setting, careless, safe] of [
      ["maxmemory-policy", "allkeys-lru", "noeviction"],
      ["appendonly", "no", "yes"],
    ] as const) {
      await connection.configSet(setting, careless);
      const { ended, output } = start("seventh");
      expect(await ended).to.equal(1);
      expect(output()).to.include("This Redis may forget payments.");
      await connection.configSet(setting, safe);
    }
  });

  it("compiles, strictly", async () => {
    const [faults] = await snippetFaults([{ page, given }]);
    expect(faults).to.deep.equal([]);
  });

  it("links to pages that exist, and names only codes that docs/errors.md explains", async () => {
    const text = await readFile(address, "utf8");
    const errors = await readFile(new URL("../errors.md", address), "utf8");
    const codes = ["OUTCOME_UNKNOWN", "PER_TRANSACTION", "RECIPIENT", "NETWORK", "STORE", "PERIOD"];
    for (const code of codes) expect(text).to.include(code);
    expect(codes.filter((code) => !errors.includes(`\`${code}\` ·`))).to.deep.equal([]);
    const links = [...text.matchAll(/\]\((?!https:)([^)#]+)/g)].map(([, link = ""]) => link);
    expect(links).to.include("../agents.md");
    for (const link of links) await access(new URL(link, address));
  });
});
