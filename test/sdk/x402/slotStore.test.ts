import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { fileSlotStore } from "#sdk/agent/x402/fileSlotStore.ts";
import type { HeldSlot } from "#sdk/agent/x402/HeldSlot.ts";
import { memorySlotStore } from "#sdk/agent/x402/memorySlotStore.ts";
import type { SlotStore } from "#sdk/agent/x402/SlotStore.ts";
import { Refusal } from "#sdk/errors/Refusal.ts";
import { FROM_SOURCES } from "../../../scripts/fromSources.ts";

const key = "eip155:1/0x5e/0";
const slot = (lot: bigint, heldUntil = 1000): HeldSlot => ({
  lot,
  size: 2,
  index: 5n,
  period: 3n,
  payee: "0xa11ce00000000000000000000000000000000000",
  heldUntil,
});
const nextLot = (held: readonly HeldSlot[]) => slot(BigInt(held.length));

const refusalOf = async (work: Promise<unknown>): Promise<Refusal> => {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).to.be.instanceOf(Refusal);
  return error as Refusal;
};

describe("the slot stores", function () {
  this.timeout(60_000);
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "latchkey-store-"));
    path = join(folder, "slots.json");
  });
  afterEach(() => rm(folder, { recursive: true }));

  const kinds: [string, () => SlotStore][] = [
    ["the memory store", memorySlotStore],
    ["the file store", () => fileSlotStore(path)],
  ];
  for (const [name, make] of kinds) {
    describe(name, () => {
      it("keeps what was chosen, and shows it to the next choice", async () => {
        const store = make();
        expect(await store.take({ key, now: 0, choose: nextLot })).to.deep.equal(slot(0n));
        expect(await store.take({ key, now: 0, choose: nextLot })).to.deep.equal(slot(1n));
        expect(await store.held(key)).to.deep.equal([slot(0n), slot(1n)]);
        expect(await store.take({ key: "another budget", now: 0, choose: nextLot })).to.deep.equal(slot(0n));
      });

      it("keeps nothing when nothing is chosen", async () => {
        const store = make();
        expect(await store.take({ key, now: 0, choose: () => undefined })).to.equal(undefined);
        expect(await store.held(key)).to.deep.equal([]);
      });

      it("forgets a slot after its last second, not in it", async () => {
        const store = make();
        await store.take({ key, now: 0, choose: () => slot(0n, 100) });
        const seen: bigint[][] = [];
        const look = (now: number) =>
          store.take({ key, now, choose: (held) => void seen.push(held.map(({ lot }) => lot)) });
        await look(100);
        await look(101);
        expect(seen).to.deep.equal([[0n], []]);
      });

      it("releases the one slot that it is told, in its period", async () => {
        const store = make();
        await store.take({ key, now: 0, choose: nextLot });
        await store.take({ key, now: 0, choose: nextLot });
        await store.release(key, { ...slot(0n), period: 4n });
        await store.release(key, slot(1n));
        expect(await store.held(key)).to.deep.equal([slot(0n)]);
      });

      it("lets only one choose at a time", async () => {
        const store = make();
        const taken = await Promise.all(
          Array.from({ length: 30 }, () => store.take({ key, now: 0, choose: nextLot })),
        );
        expect(new Set(taken.map((each) => each?.lot)).size).to.equal(30);
      });

      it("passes on what a choice throws, and goes on working", async () => {
        const store = make();
        const failure = store.take({
          key,
          now: 0,
          choose: () => {
            throw new Error("no choice");
          },
        });
        expect(await failure.catch((error: Error) => error.message)).to.equal("no choice");
        expect(await store.take({ key, now: 0, choose: nextLot })).to.deep.equal(slot(0n));
      });
    });
  }

  it("the file store survives a restart", async () => {
    await fileSlotStore(path).take({ key, now: 0, choose: nextLot });
    expect(await fileSlotStore(path).held(key)).to.deep.equal([slot(0n)]);
  });

  it("the file store is readable by its user only, and leaves nothing else behind", async () => {
    await fileSlotStore(path).take({ key, now: 0, choose: nextLot });
    expect((await stat(path)).mode & 0o777).to.equal(0o600);
    expect(await readdir(folder)).to.deep.equal(["slots.json"]);
  });

  for (const [what, contents] of [
    ["an empty file", ""],
    ["half a file", '{"format":"latchkey-slots","version":1,"budgets":{"eip155:1/0x5e/0":[{"per'],
    ["another program's file", "{}"],
    ["a later version's file", '{"format":"latchkey-slots","version":2,"budgets":{}}'],
    ["a slot without its end", '{"format":"latchkey-slots","version":1,"budgets":{"a":[{"lot":"1"}]}}'],
  ] as const) {
    it(`the file store refuses ${what}, says so, and leaves it as it is`, async () => {
      await writeFile(path, contents);
      const refusal = await refusalOf(fileSlotStore(path).take({ key, now: 0, choose: nextLot }));
      expect(refusal.code).to.equal("STORE");
      expect(refusal.message).to.contain(path);
      expect(await readFile(path, "utf8")).to.equal(contents);
    });
  }

  it("the file store says so when its folder is missing or closed", async () => {
    const missing = fileSlotStore(join(folder, "missing", "slots.json"));
    expect((await refusalOf(missing.take({ key, now: 0, choose: nextLot }))).code).to.equal("STORE");
    if (process.getuid?.() === 0) return; // root may write anywhere
    await chmod(folder, 0o500);
    const refusal = await refusalOf(fileSlotStore(path).take({ key, now: 0, choose: nextLot }));
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
    expect(await fileSlotStore(path).held(key)).to.have.length(75);
    expect(await readdir(folder)).to.deep.equal(["slots.json"]);
  });

  it("the file store takes over from a process that was killed while it held the lock, once", async () => {
    await fileSlotStore(path).take({ key, now: 0, choose: nextLot });
    const { child } = agent("1", "hang");
    await once(child.stdout, "data");
    expect(await readdir(folder)).to.contain("slots.json.lock");
    child.kill("SIGKILL");
    await once(child, "close");
    const agents = [agent("10"), agent("10"), agent("10")];
    const lots = (await Promise.all(agents.map(({ lines }) => lines()))).flat();
    expect(new Set(lots).size).to.equal(30);
    expect(await fileSlotStore(path).held(key)).to.have.length(31);
    expect(await readdir(folder)).to.deep.equal(["slots.json"]);
  });

  it("the file store takes over a lock whose process number now belongs to another process", async function () {
    if (process.platform !== "linux") this.skip();
    const { hostname } = await import("node:os");
    const holder = { token: "t", host: hostname(), pid: process.pid, started: "1" };
    await writeFile(`${path}.lock`, JSON.stringify(holder));
    expect(await fileSlotStore(path).take({ key, now: 0, choose: nextLot })).to.deep.equal(slot(0n));
  });

  it("the file store leaves a lock alone that is no longer its own", async () => {
    const holder = JSON.stringify({ token: "t", host: "elsewhere.example", pid: 1, started: "1" });
    await fileSlotStore(path).take({
      key,
      now: 0,
      choose: (held) => {
        writeFileSync(`${path}.lock`, holder);
        return nextLot(held);
      },
    });
    expect(await readFile(`${path}.lock`, "utf8")).to.equal(holder);
  });

  it("the file store says so when it is not allowed to look", async () => {
    expect((await refusalOf(fileSlotStore(folder).held(key))).code).to.equal("STORE");
  });

  it("the file store waits for a lock on another host, then names its holder instead of taking over", async () => {
    const holder = { token: "t", host: "elsewhere.example", pid: 1, started: "1" };
    await writeFile(`${path}.lock`, JSON.stringify(holder));
    const store = fileSlotStore(path, { lockTimeout: 200 });
    const refusal = await refusalOf(store.take({ key, now: 0, choose: nextLot }));
    expect(refusal.code).to.equal("STORE");
    expect(refusal.message).to.contain("elsewhere.example");
    expect(await readdir(folder)).to.deep.equal(["slots.json.lock"]);
  });
});
