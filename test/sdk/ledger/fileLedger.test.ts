import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFile, chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isRefusal, memoryLedger, type Refusal, readLedger } from "@latchkey/sdk";
import { fileLedger } from "@latchkey/sdk/node";
import { expect } from "chai";
import { FROM_SOURCES } from "../../../scripts/fromSources.ts";
import { entry } from "./entries.ts";

describe("a ledger", function () {
  this.timeout(60_000);
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "latchkey-ledger-"));
    path = join(folder, "ledger.jsonl");
  });
  afterEach(() => rm(folder, { recursive: true }));

  const refusalOf = (work: Promise<unknown>): Promise<Refusal> =>
    work.then(
      () => expect.fail("it was not refused"),
      (error: unknown) => (isRefusal(error) ? (error as Refusal) : Promise.reject(error)),
    );
  const agent = (...parameters: string[]) => {
    const script = fileURLToPath(new URL("ledgerAgent.ts", import.meta.url));
    const child = spawn(process.execPath, ["--no-warnings", FROM_SOURCES, script, path, ...parameters]);
    let complaints = "";
    child.stderr.on("data", (chunk) => {
      complaints += chunk;
    });
    child.stdout.resume();
    const ended = async () => {
      const [code] = await once(child, "close");
      expect(code, complaints).to.equal(0);
    };
    return { child, ended };
  };

  for (const [name, create] of [
    ["in memory", () => memoryLedger()],
    ["in a file", () => fileLedger(path)],
  ] as const)
    describe(name, () => {
      it("is empty at first, and returns what was appended, in order", async () => {
        const ledger = create();
        expect(await ledger.read()).to.deep.equal({ lines: [], damaged: [] });
        const lines = [entry("one"), entry("two"), entry("one", { status: "settled", shownBy: "chain" })];
        for (const line of lines) await ledger.append(line);
        expect(await ledger.read()).to.deep.equal({ lines, damaged: [] });
      });

      it("is not changed by what becomes of an entry in its caller's hands, or in its reader's", async () => {
        const ledger = create();
        const mine = entry("one");
        await ledger.append(mine);
        mine.units = "1";
        const [read] = (await ledger.read()).lines;
        Object.assign(read as object, { units: "2" });
        expect((await ledger.read()).lines).to.deep.equal([entry("one")]);
      });

      it("says of a payment by upto what the chain shows that it moved, before what the shop says", async () => {
        const authorization = {
          method: "permit2-upto",
          facilitator: entry("one").to,
          nonce: "0x12",
          validAfter: "1",
          validBefore: "2",
        } as const;
        const open = entry("one", { authorization });
        const said = {
          ...open,
          status: "settled",
          shownBy: "merchant",
          paidAmount: "0",
          paidUnits: "0",
        } as const;
        const shown = { ...said, shownBy: "chain", paidAmount: "0.03", paidUnits: "30000" } as const;
        const {
          paidAmount: _,
          paidUnits: __,
          ...unpaid
        } = { ...said, status: "not settled", shownBy: "chain" } as const;
        for (const [lines, result] of [
          [[open, said], said],
          [[open, said, shown], shown],
          [[open, shown, said], shown],
          [[open, said, unpaid], unpaid],
        ] as const) {
          const ledger = memoryLedger();
          for (const line of lines) await ledger.append(line);
          expect((await readLedger(ledger)).entries).to.deep.equal([result]);
        }
        const ledger = create();
        await ledger.append(shown);
        expect((await ledger.read()).lines).to.deep.equal([shown]);
      });

      it("keeps fifty lines that are appended at once", async () => {
        const ledger = create();
        await Promise.all(Array.from({ length: 50 }, (_, place) => ledger.append(entry(`${place}`))));
        const { entries, damaged } = await readLedger(ledger);
        expect(entries.map(({ id }) => Number(id)).sort((a, b) => a - b)).to.deep.equal([
          ...Array(50).keys(),
        ]);
        expect(damaged).to.deep.equal([]);
      });
    });

  it("is read as one entry for each movement: what the first line says, and its outcome", async () => {
    const ledger = memoryLedger();
    const transaction = `0x${"ab".repeat(32)}` as const;
    await ledger.append(entry("lost"));
    await ledger.append(entry("bought", { purpose: "tea" }));
    // A restart writes it again, later.
    await ledger.append(entry("bought", { at: "2026-11-30T11:00:00.000Z" }));
    const closed = { at: "2026-11-30T11:00:00.000Z", closedAt: "2026-11-30T11:00:01.000Z" };
    const receipt = '{"success":true}';
    await ledger.append(entry("bought", { ...closed, status: "settled", shownBy: "merchant", receipt }));
    await ledger.append(entry("bought", { ...closed, status: "settled", shownBy: "chain", transaction }));
    // Late.
    await ledger.append(entry("bought"));
    expect((await readLedger(ledger)).entries).to.deep.equal([
      entry("lost"),
      entry("bought", {
        purpose: "tea",
        status: "settled",
        shownBy: "chain",
        closedAt: closed.closedAt,
        transaction,
        receipt,
      }),
    ]);
  });

  it("believes the chain rather than a merchant, in either order", async () => {
    const lie = { status: "settled", shownBy: "merchant", transaction: `0x${"de".repeat(32)}` } as const;
    const truth = { status: "not settled", shownBy: "chain" } as const;
    for (const outcomes of [
      [lie, truth],
      [truth, lie],
    ]) {
      const ledger = memoryLedger();
      await ledger.append(entry("one"));
      for (const outcome of outcomes) await ledger.append(entry("one", outcome));
      expect((await readLedger(ledger)).entries).to.deep.equal([entry("one", truth)]);
    }
  });

  it("in a file is readable by its user only, one JSON object a line, and leaves nothing else behind", async () => {
    await fileLedger(path).append(entry("one"));
    await fileLedger(path).append(entry("two", { receipt: "a\nb" }));
    if (process.platform !== "win32") expect((await stat(path)).mode & 0o777).to.equal(0o600);
    const lines = (await readFile(path, "utf8")).split("\n");
    expect(lines.pop()).to.equal("");
    expect(lines.map((line) => JSON.parse(line))).to.deep.equal([
      { format: "latchkey-ledger", version: 1 },
      entry("one"),
      entry("two", { receipt: "a\nb" }),
    ]);
    expect(await readdir(folder)).to.deep.equal(["ledger.jsonl"]);
  });

  it("in a file takes the lines of several processes, whole", async () => {
    const agents = ["a", "b", "c"].map((name) => agent(name, "20"));
    await Promise.all(agents.map(({ ended }) => ended()));
    const { entries, damaged } = await readLedger(fileLedger(path));
    const expected = ["a", "b", "c"].flatMap((name) => [...Array(20).keys()].map((at) => `${name}-${at}`));
    expect(entries.map(({ id }) => id).sort()).to.deep.equal(expected.sort());
    expect(damaged).to.deep.equal([]);
    expect(await readdir(folder)).to.deep.equal(["ledger.jsonl"]);
  });

  it("in a file survives kill -9 in the middle of a line: the part is kept apart, and nothing else is lost", async () => {
    const { child } = agent("killed", "3", "hang");
    let output = "";
    child.stdout.on("data", (chunk) => {
      output += chunk;
    });
    while (!output.includes("half")) await once(child.stdout, "data");
    child.kill("SIGKILL");
    await once(child, "close");
    const part = (await readFile(path, "utf8")).split("\n").at(-1) as string;
    expect(part).to.match(/^\{"id":"killed-2"/);
    // A reader finds the part before and after somebody writes again.
    const before = await readLedger(fileLedger(path));
    expect(before.entries.map(({ id }) => id)).to.deep.equal(["killed-0", "killed-1"]);
    expect(before.damaged).to.deep.equal([part]);
    await fileLedger(path).append(entry("next"));
    const after = await readLedger(fileLedger(path));
    expect(after.entries.map(({ id }) => id)).to.deep.equal(["killed-0", "killed-1", "next"]);
    expect(after.damaged).to.deep.equal([part]);
  });

  it("in a file goes on after a torn line at whatever byte, also in its header", async () => {
    const ledger = fileLedger(path);
    await ledger.append(entry("one"));
    await ledger.append(entry("two", { purpose: "Zürich 🌦️" }));
    const whole = await readFile(path);
    const start = whole.lastIndexOf("\n", whole.length - 2) + 1;
    for (let cut = 0; cut <= whole.length; cut++) {
      // Within the second entry every byte, elsewhere every fifth.
      if (cut < start && cut % 5 !== 0) continue;
      await writeFile(path, whole.subarray(0, cut));
      const torn = await readLedger(fileLedger(path));
      await fileLedger(path).append(entry("next"));
      const { entries, damaged } = await readLedger(fileLedger(path));
      expect(
        entries.map(({ id }) => id),
        `${cut}`,
      ).to.deep.equal([...torn.entries.map(({ id }) => id), "next"]);
      expect(damaged, `${cut}`).to.deep.equal(torn.damaged);
      if (cut > start && cut < whole.length - 1) expect(damaged, `${cut}`).to.have.length(1);
    }
  });

  it("in a file keeps a line apart that others have damaged, or that is not an entry", async () => {
    await fileLedger(path).append(entry("one"));
    const strange = [
      '{"id":"two"}',
      "null",
      "\u0000\u0000",
      JSON.stringify(entry("three", { amount: "-1" })),
    ];
    await appendFile(path, `${strange.join("\n")}\n`);
    const { entries, damaged } = await readLedger(fileLedger(path));
    expect(entries).to.deep.equal([entry("one")]);
    expect(damaged).to.deep.equal(strange);
  });

  it("in a file takes no entry that it could not read again", async () => {
    for (const other of [{ purpose: 5 as never }, { amount: "-1" }, { to: "shop" as never }])
      expect((await refusalOf(fileLedger(path).append(entry("one", other)))).code).to.equal("STORE");
    expect(await fileLedger(path).read()).to.deep.equal({ lines: [], damaged: [] });
  });

  for (const [what, content] of [
    ["a payment store", '{"format":"latchkey-payments","version":1,"id":"a"}\n'],
    ["a later version", '{"format":"latchkey-ledger","version":2}\n'],
    ["notes", "shopping\n"],
  ] as const)
    it(`in a file refuses ${what}, and leaves it as it is`, async () => {
      await writeFile(path, content);
      expect((await refusalOf(fileLedger(path).append(entry("one")))).code).to.equal("STORE");
      expect((await refusalOf(readLedger(fileLedger(path)))).code).to.equal("STORE");
      expect(await readFile(path, "utf8")).to.equal(content);
    });

  it("in a file says so when its folder is missing, or the file cannot be read", async () => {
    const missing = fileLedger(join(folder, "missing", "ledger.jsonl"));
    expect((await refusalOf(missing.append(entry("one")))).code).to.equal("STORE");
    if (process.getuid?.() === 0) return; // root may read anything
    await fileLedger(path).append(entry("one"));
    await chmod(path, 0o000);
    expect((await refusalOf(readLedger(fileLedger(path)))).code).to.equal("STORE");
  });
});
