import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { chmod, copyFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { filePaymentStore } from "#sdk/agent/x402/filePaymentStore.ts";
import type { HeldSlot } from "#sdk/agent/x402/HeldSlot.ts";
import { memoryPaymentStore } from "#sdk/agent/x402/memoryPaymentStore.ts";
import type { PaymentStore, Purchase } from "#sdk/agent/x402/PaymentStore.ts";
import { redisPaymentStore } from "#sdk/agent/x402/redisPaymentStore.ts";
import { slotText } from "#sdk/agent/x402/storedEntries.ts";
import { Refusal } from "#sdk/errors/Refusal.ts";
import { FROM_SOURCES } from "../../../scripts/fromSources.ts";
import { type RedisServer, startRedis } from "../../environment/redisServer.ts";

const account = "eip155:1:0x5afe";
const budget = { account, budget: "0x5e/0" };
const slot = (lot: bigint, heldUntil = 1000): HeldSlot => ({
  lot,
  size: 2,
  index: 5n,
  period: 3n,
  payee: "0xa11ce00000000000000000000000000000000000",
  heldUntil,
});
const purchase = (id: string, until = 1000): Purchase => ({
  id,
  request: "0xa1",
  claim: { by: "me", beat: 1 },
  payment: "eyJ4NDAyVmVyc2lvbiI6Mn0=",
  done: false,
  until,
});
/** A file store that its next change makes shorter. */
async function filePaymentStoreOfManyLines(path: string): Promise<void> {
  const store = filePaymentStore(path);
  await store.take({ ...budget, now: 0, choose: () => slot(0n) });
  const [header, line] = (await readFile(path, "utf8")).split("\n");
  await writeFile(path, [header, ...Array(1000).fill(line), ""].join("\n"));
}
const nextLot = (held: readonly HeldSlot[]) => slot(BigInt(held.length));

const refusalOf = async (work: Promise<unknown>): Promise<Refusal> => {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).to.be.instanceOf(Refusal);
  return error as Refusal;
};

describe("the payment stores", function () {
  this.timeout(60_000);
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "latchkey-store-"));
    path = join(folder, "payments.jsonl");
    prefix = randomUUID();
  });
  afterEach(() => rm(folder, { recursive: true }));

  let redis: RedisServer;
  let client: Awaited<ReturnType<RedisServer["client"]>>;
  before(async () => {
    redis = await startRedis();
    client = await redis.client();
  });
  after(() => redis.close());
  let prefix: string;

  const kinds: [string, () => PaymentStore][] = [
    ["the memory store", memoryPaymentStore],
    ["the file store", () => filePaymentStore(path)],
    ["the Redis store", () => redisPaymentStore(client, { prefix })],
  ];
  for (const [name, make] of kinds) {
    describe(name, () => {
      it("keeps what was chosen, and shows it to the next choice", async () => {
        const store = make();
        expect(await store.take({ ...budget, now: 0, choose: nextLot })).to.deep.equal(slot(0n));
        expect(await store.take({ ...budget, now: 0, choose: nextLot })).to.deep.equal(slot(1n));
        expect(await store.held(budget)).to.deep.equal([slot(0n), slot(1n)]);
        expect(await store.take({ account, budget: "another", now: 0, choose: nextLot })).to.deep.equal(
          slot(0n),
        );
      });

      it("keeps nothing when nothing is chosen", async () => {
        const store = make();
        expect(await store.take({ ...budget, now: 0, choose: () => undefined })).to.equal(undefined);
        expect(await store.held(budget)).to.deep.equal([]);
      });

      it("forgets a slot after its last second, not in it", async () => {
        const store = make();
        await store.take({ ...budget, now: 0, choose: () => slot(0n, 100) });
        const seen: bigint[][] = [];
        const look = (now: number) =>
          store.take({ ...budget, now, choose: (held) => void seen.push(held.map(({ lot }) => lot)) });
        await look(100);
        await look(101);
        expect(seen).to.deep.equal([[0n], []]);
      });

      it("releases the one slot that it is told, in its period", async () => {
        const store = make();
        await store.take({ ...budget, now: 0, choose: nextLot });
        await store.take({ ...budget, now: 0, choose: nextLot });
        await store.release(budget, { ...slot(0n), period: 4n });
        await store.release(budget, slot(1n));
        expect(await store.held(budget)).to.deep.equal([slot(0n)]);
      });

      it("keeps the amount of an execution, also for another that opens it, and releases it", async () => {
        const store = make();
        const execution = { ...slot(0n), index: 2n ** 64n - 1n, amount: 2n ** 128n - 1n };
        await store.take({ ...budget, now: 0, choose: nextLot });
        await store.take({ ...budget, now: 0, choose: () => execution });
        const other = name === "the memory store" ? store : make();
        expect(await other.held(budget)).to.deep.include.members([slot(0n), execution]);
        await other.release(budget, execution);
        expect(await store.held(budget)).to.deep.equal([slot(0n)]);
      });

      it("lets only one choose at a time", async () => {
        const store = make();
        const taken = await Promise.all(
          Array.from({ length: 30 }, () => store.take({ ...budget, now: 0, choose: nextLot })),
        );
        expect(new Set(taken.map((each) => each?.lot)).size).to.equal(30);
      });

      it("keeps what is known of a purchase, by account and name, and shows it to the next change", async () => {
        const store = make();
        const seen: (readonly Purchase[])[] = [];
        const change = (name: string, next: readonly Purchase[] | undefined, of = account) =>
          store.change({
            account: of,
            name,
            change: (before) => {
              seen.push(before);
              return next;
            },
          });
        expect(await change("a", [purchase("1")])).to.deep.equal([purchase("1")]);
        expect(await change("a", [purchase("1"), purchase("2")])).to.have.length(2);
        expect(await change("a", undefined)).to.deep.equal([purchase("1"), purchase("2")]);
        expect(await change("b", undefined)).to.deep.equal([]);
        expect(await change("a", undefined, "eip155:10:0x5afe")).to.deep.equal([]);
        expect(await change("a", [])).to.deep.equal([]);
        expect(await change("a", undefined)).to.deep.equal([]);
        expect(seen).to.deep.include([purchase("1"), purchase("2")]);
      });

      it("forgets a purchase after its last second by the account's chain, and no clock of this machine", async () => {
        const store = make();
        const left = async () => {
          const now = await store.change({ account, name: "a", change: () => undefined });
          return now.map(({ id }) => id);
        };
        const tell = (now: number, of = account) =>
          store.take({ account: of, budget: "0x5e/0", now, choose: () => undefined });
        await store.change({ account, name: "a", change: () => [purchase("1", 100), purchase("2", 200)] });
        expect(await left()).to.deep.equal(["1", "2"]);
        await tell(100);
        expect(await left()).to.deep.equal(["1", "2"]);
        await tell(101);
        expect(await left()).to.deep.equal(["2"]);
        await tell(5000, "eip155:10:0x5afe");
        expect(await left()).to.deep.equal(["2"]);
        await tell(201);
        expect(await left()).to.deep.equal([]);
      });

      it("lets only one change at a time", async () => {
        const store = make();
        await Promise.all(
          Array.from({ length: 30 }, (_, each) =>
            store.change({ account, name: "a", change: (before) => [...before, purchase(`${each}`)] }),
          ),
        );
        const all = await store.change({ account, name: "a", change: () => undefined });
        expect(new Set(all.map(({ id }) => id)).size).to.equal(30);
      });

      it("passes on what a choice throws, and goes on working", async () => {
        const store = make();
        const failure = store.take({
          ...budget,
          now: 0,
          choose: () => {
            throw new Error("no choice");
          },
        });
        expect(await failure.catch((error: Error) => error.message)).to.equal("no choice");
        expect(await store.take({ ...budget, now: 0, choose: nextLot })).to.deep.equal(slot(0n));
      });
    });
  }

  describe("the Redis store", () => {
    it("shows every process what the others have taken and released", async () => {
      const [one, other] = [
        redisPaymentStore(client, { prefix }),
        redisPaymentStore(await redis.client(), { prefix }),
      ];
      await one.take({ ...budget, now: 0, choose: nextLot });
      expect(await other.take({ ...budget, now: 0, choose: nextLot })).to.deep.equal(slot(1n));
      await one.release(budget, slot(1n));
      expect(await other.held(budget)).to.deep.equal([slot(0n)]);
      expect(await other.take({ ...budget, now: 0, choose: nextLot })).to.deep.equal(slot(1n));
      expect(await one.held(budget)).to.deep.equal([slot(0n), slot(1n)]);
    });

    it("lets only one process choose at a time", async () => {
      const clients = await Promise.all(Array.from({ length: 5 }, () => redis.client()));
      const stores = clients.map((each) => redisPaymentStore(each, { prefix }));
      const taken = await Promise.all(
        Array.from({ length: 100 }, (_, turn) =>
          (stores[turn % 5] as PaymentStore).take({ ...budget, now: 0, choose: nextLot }),
        ),
      );
      expect(new Set(taken.map((each) => each?.lot)).size).to.equal(100);
      await Promise.all(
        Array.from({ length: 100 }, (_, turn) =>
          (stores[turn % 5] as PaymentStore).change({
            account,
            name: "a",
            change: (before) => [...before, purchase(`${turn}`)],
          }),
        ),
      );
      const all = await redisPaymentStore(client, { prefix }).change({
        account,
        name: "a",
        change: () => undefined,
      });
      expect(new Set(all.map(({ id }) => id)).size).to.equal(100);
    });

    it("keeps what it has confirmed when the server is killed and restarted", async () => {
      const store = redisPaymentStore(client, { prefix });
      await store.take({ ...budget, now: 0, choose: nextLot });
      await store.change({ account, name: "a", change: () => [purchase("1")] });
      await redis.restart();
      const restarted = redisPaymentStore(await redis.client(), { prefix });
      for (const each of [store, restarted]) {
        expect(await each.held(budget)).to.deep.equal([slot(0n)]);
        expect(await each.change({ account, name: "a", change: () => undefined })).to.deep.equal([
          purchase("1"),
        ]);
      }
    });

    it("takes a slot in a few milliseconds where 20,000 are held, and transfers none of them again", async () => {
      const store = redisPaymentStore(client, { prefix });
      const keys = `${prefix}:{${account}}:slots:${budget.budget}`;
      const held = Array.from({ length: 20_000 }, (_, lot) => `+${slotText(slot(BigInt(lot)))}`);
      await client.zAdd(
        `${keys}:changes`,
        held.map((value, index) => ({ value, score: index + 1 })),
      );
      await client.zAdd(
        `${keys}:ends`,
        held.map((value) => ({ value, score: 1000 })),
      );
      await client.hSet(`${keys}:version`, { life: "a", version: 20_000 });
      expect(await store.held(budget)).to.have.length(20_000);
      const durations: number[] = [];
      for (let take = 0; take < 50; take++) {
        const start = performance.now();
        await store.take({ ...budget, now: 0, choose: nextLot });
        durations.push(performance.now() - start);
      }
      durations.sort((a, b) => a - b);
      expect(durations[10], durations.join(" ")).to.be.lessThan(10);
    });

    it("says STORE when the server does not answer, or holds something else", async () => {
      const store = redisPaymentStore(client, { prefix, timeout: 200 });
      await store.take({ ...budget, now: 0, choose: nextLot });
      const paused = redis.pause(600);
      const refusal = await refusalOf(store.take({ ...budget, now: 0, choose: nextLot }));
      expect(refusal.code).to.equal("STORE");
      await paused;
      await client.hSet(`${prefix}:{${account}}:purchases`, "a", "{}");
      expect((await refusalOf(store.change({ account, name: "a", change: () => undefined }))).code).to.equal(
        "STORE",
      );
      await client.set(`${prefix}:{eip155:1:0xa1}:purchases`, "a string");
      const other = store.change({ account: "eip155:1:0xa1", name: "a", change: () => undefined });
      expect((await refusalOf(other)).code).to.equal("STORE");
    });

    it("keeps every key of an account in one hash slot, and lets none outlive a week without use", async () => {
      const cluster = await startRedis({ cluster: true });
      try {
        const node = await cluster.client();
        await node.sendCommand(["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]);
        while (!(await node.clusterInfo()).includes("cluster_state:ok"))
          await new Promise((done) => setTimeout(done, 20));
        const store = redisPaymentStore(node, { prefix });
        await store.take({ ...budget, now: 0, choose: nextLot });
        await store.take({ account, budget: "another", now: 0, choose: nextLot });
        await store.take({ account, budget: "another", now: 1, choose: nextLot });
        await store.release({ account, budget: "another" }, slot(1n));
        await store.change({ account, name: "a", change: () => [purchase("1")] });
        const keys = await node.keys("*");
        expect(keys.length).to.be.at.least(9);
        const hashSlots = await Promise.all(keys.map((key) => node.sendCommand(["CLUSTER", "KEYSLOT", key])));
        expect(new Set(hashSlots).size).to.equal(1);
        for (const key of keys) expect(await node.ttl(key), key).to.be.within(600_000, 604_800);
      } finally {
        await cluster.close();
      }
    });
  });

  it("the file store ignores a line whose writer was killed, and overwrites it", async () => {
    const store = filePaymentStore(path);
    await store.take({ ...budget, now: 0, choose: nextLot });
    const complete = await readFile(path, "utf8");
    await writeFile(path, `${complete}{"account":"eip155:1:0x5afe","budget":"0x5e/0","hold":{"per`);
    for (const each of [store, filePaymentStore(path)]) {
      expect(await each.held(budget)).to.deep.equal([slot(0n)]);
    }
    expect(await filePaymentStore(path).take({ ...budget, now: 0, choose: nextLot })).to.deep.equal(slot(1n));
    expect(await store.held(budget)).to.deep.equal([slot(0n), slot(1n)]);
    expect((await readFile(path, "utf8")).startsWith(complete)).to.equal(true);
  });

  it("the file store forgets ended sessions, and what it writes stays as large as what is left", async () => {
    const store = filePaymentStore(path);
    const other = filePaymentStore(path);
    for (let session = 0; session < 2500; session++) {
      const ended = { account, budget: `${session}/0` };
      await store.take({ ...ended, now: session * 10, choose: () => slot(0n, session * 10 + 5) });
      if (session % 1000 === 0) expect(await other.held(ended)).to.have.length(1);
    }
    expect((await readFile(path, "utf8")).split("\n").length).to.be.lessThan(1100);
    expect(await other.held({ account, budget: "2499/0" })).to.have.length(1);
    expect(await other.held({ account, budget: "0/0" })).to.deep.equal([]);
  });

  it("the file store takes a slot in a few milliseconds where 20,000 are held", async () => {
    const lines = Array.from(
      { length: 20_000 },
      (_, lot) =>
        `{"account":"${account}","budget":"0x5e/0","hold":{"period":"3","lot":"${lot}","size":2,"index":"5","payee":"${slot(0n).payee}","heldUntil":1000}}\n`,
    );
    await writeFile(path, header + lines.join(""));
    const store = filePaymentStore(path);
    expect(await store.held(budget)).to.have.length(20_000);
    const durations: number[] = [];
    for (let take = 0; take < 50; take++) {
      const start = performance.now();
      await store.take({ ...budget, now: 0, choose: nextLot });
      durations.push(performance.now() - start);
    }
    durations.sort((a, b) => a - b);
    expect(durations[10], durations.join(" ")).to.be.lessThan(20);
  });

  it("the file store survives a restart", async () => {
    await filePaymentStore(path).take({ ...budget, now: 0, choose: nextLot });
    expect(await filePaymentStore(path).held(budget)).to.deep.equal([slot(0n)]);
  });

  it("the file store is readable by its user only, and leaves nothing else behind", async () => {
    await filePaymentStore(path).take({ ...budget, now: 0, choose: nextLot });
    expect((await stat(path)).mode & 0o777).to.equal(0o600);
    expect(await readdir(folder)).to.deep.equal(["payments.jsonl"]);
  });

  const header = `{"format":"latchkey-payments","version":1,"id":"${randomUUID()}"}\n`;
  for (const [what, contents] of [
    ["an empty file", ""],
    ["half a first line", '{"format":"latchkey-payments","ver'],
    ["another program's file", "{}\n"],
    ["a later version's file", header.replace('"version":1', '"version":2')],
    ["a slot without its end", `${header}{"account":"a","budget":"b","hold":{"lot":"1"}}\n`],
    ["a damaged line amid others", `${header}{"acc\n{"account":"a","name":"n","purchases":[]}\n`],
  ] as const) {
    it(`the file store refuses ${what}, says so, and leaves it as it is`, async () => {
      await writeFile(path, contents);
      const refusal = await refusalOf(filePaymentStore(path).take({ ...budget, now: 0, choose: nextLot }));
      expect(refusal.code).to.equal("STORE");
      expect(refusal.message).to.contain(path);
      expect(await readFile(path, "utf8")).to.equal(contents);
    });
  }

  it("the file store says so when its folder is missing or closed", async () => {
    const missing = filePaymentStore(join(folder, "missing", "payments.jsonl"));
    expect((await refusalOf(missing.take({ ...budget, now: 0, choose: nextLot }))).code).to.equal("STORE");
    if (process.getuid?.() === 0) return; // root may write anywhere
    await chmod(folder, 0o500);
    const refusal = await refusalOf(filePaymentStore(path).take({ ...budget, now: 0, choose: nextLot }));
    await chmod(folder, 0o700);
    expect(refusal.code).to.equal("STORE");
  });

  const agent = (...parameters: string[]) => {
    const script = fileURLToPath(new URL("storeAgent.ts", import.meta.url));
    const child = spawn(process.execPath, ["--no-warnings", FROM_SOURCES, script, path, ...parameters]);
    let output = "";
    let complaints = "";
    child.stdout.on("data", (chunk) => {
      output += chunk;
    });
    child.stderr.on("data", (chunk) => {
      complaints += chunk;
    });
    const lines = async () => {
      const [code] = await once(child, "close");
      expect(code, complaints).to.equal(0);
      return output.trim().split("\n");
    };
    return { child, lines };
  };

  it("the file store gives processes that run at the same time different slots", async () => {
    const agents = [agent("25"), agent("25"), agent("25")];
    const lots = (await Promise.all(agents.map(({ lines }) => lines()))).flat();
    expect(lots).to.have.length(75);
    expect(new Set(lots).size).to.equal(75);
    expect(await filePaymentStore(path).held(budget)).to.have.length(75);
    expect(await readdir(folder)).to.deep.equal(["payments.jsonl"]);
  });

  for (const [state, prepare] of [
    ["a new file", async () => {}],
    ["a file that is about to be replaced by a shorter one", () => filePaymentStoreOfManyLines(path)],
  ] as const)
    it(`the file store keeps all that it has confirmed in ${state}, whichever write its process dies before`, async () => {
      await prepare();
      const whole = await killedBefore(undefined, join(folder, "whole.jsonl"));
      const points = whole.said.at(-1)?.split(" ") ?? [];
      expect(whole.said.slice(0, -1)).to.deep.equal(["taken", "paid", "released", "done"]);
      expect(points).to.include.members(["link", "appendFile", "datasync", "rm"]);
      if (state !== "a new file") expect(points).to.include("rename");
      const waiting = [...points.keys()];
      const worker = async () => {
        for (let point = waiting.shift(); point !== undefined; point = waiting.shift()) {
          const own = join(folder, `${point}.jsonl`);
          const { said, signal } = await killedBefore(point, own);
          expect(signal, `${point}`).to.equal("SIGKILL");
          // The next process takes over at once, and sees each step before the fatal one, and this one wholly or not at all.
          const store = filePaymentStore(own, { lockTimeout: 1000 });
          const state = await stateIn(store);
          expect(
            STATES.slice(said.length, said.length + 2),
            `${point} (${points[point]}): ${said}`,
          ).to.include(state);
          expect(await store.take({ ...budget, now: 0, choose: () => slot(99n) })).to.deep.equal(slot(99n));
          expect(await stateIn(filePaymentStore(own))).to.equal(state);
        }
      };
      await Promise.all([worker(), worker(), worker()]);
    });

  /** What dyingWriter.ts makes of a store, step by step: whether its slot is held, and its purchase. */
  const STATES = ["free, none", "held, none", "held, open", "free, open", "free, done"];
  const stateIn = async (store: PaymentStore): Promise<string> => {
    const isHeld = (await store.held(budget)).some(({ lot }) => lot === 7n);
    const [found] = await store.change({ account, name: "0x0a", change: () => undefined });
    return `${isHeld ? "held" : "free"}, ${found ? (found.done ? "done" : "open") : "none"}`;
  };
  /** Runs dyingWriter.ts on a copy of the store, until it dies before a write. */
  const killedBefore = async (point: number | undefined, own: string) => {
    await copyFile(path, own).catch(() => {});
    const script = fileURLToPath(new URL("dyingWriter.ts", import.meta.url));
    const parameters = [
      "--no-warnings",
      FROM_SOURCES,
      script,
      own,
      ...(point === undefined ? [] : [`${point}`]),
    ];
    const child = spawn(process.execPath, parameters, { stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    child.stdout.on("data", (chunk) => {
      output += chunk;
    });
    const [, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
    return { said: output.split("\n").filter(Boolean), signal };
  };

  it("the file store takes over from a process that was killed while it held the lock, once", async () => {
    await filePaymentStore(path).take({ ...budget, now: 0, choose: nextLot });
    const { child } = agent("1", "hang");
    await once(child.stdout, "data");
    expect(await readdir(folder)).to.contain("payments.jsonl.lock");
    child.kill("SIGKILL");
    await once(child, "close");
    const agents = [agent("10"), agent("10"), agent("10")];
    const lots = (await Promise.all(agents.map(({ lines }) => lines()))).flat();
    expect(new Set(lots).size).to.equal(30);
    expect(await filePaymentStore(path).held(budget)).to.have.length(31);
    expect(await readdir(folder)).to.deep.equal(["payments.jsonl"]);
  });

  it("the file store takes over a lock whose process number now belongs to another process", async function () {
    if (process.platform !== "linux") this.skip();
    const { hostname } = await import("node:os");
    const holder = { token: "t", host: hostname(), pid: process.pid, started: "1" };
    await writeFile(`${path}.lock`, JSON.stringify(holder));
    expect(await filePaymentStore(path).take({ ...budget, now: 0, choose: nextLot })).to.deep.equal(slot(0n));
  });

  it("the file store leaves a lock alone that is no longer its own", async () => {
    const holder = JSON.stringify({ token: "t", host: "elsewhere.example", pid: 1, started: "1" });
    await filePaymentStore(path).take({
      ...budget,
      now: 0,
      choose: (held) => {
        writeFileSync(`${path}.lock`, holder);
        return nextLot(held);
      },
    });
    expect(await readFile(`${path}.lock`, "utf8")).to.equal(holder);
  });

  it("the file store says so when it is not allowed to look", async () => {
    expect((await refusalOf(filePaymentStore(folder).held(budget))).code).to.equal("STORE");
  });

  it("the file store waits for a lock on another host, then names its holder instead of taking over", async () => {
    const holder = { token: "t", host: "elsewhere.example", pid: 1, started: "1" };
    await writeFile(`${path}.lock`, JSON.stringify(holder));
    const store = filePaymentStore(path, { lockTimeout: 200 });
    const refusal = await refusalOf(store.take({ ...budget, now: 0, choose: nextLot }));
    expect(refusal.code).to.equal("STORE");
    expect(refusal.message).to.contain("elsewhere.example");
    expect(await readdir(folder)).to.deep.equal(["payments.jsonl.lock"]);
  });
});
