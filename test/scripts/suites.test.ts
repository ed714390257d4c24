import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { Tally } from "../../scripts/suites/Tally.ts";

const root = join(import.meta.dirname, "../..");

/** Runs test files, given as source text by name, as `npm test` runs a suite: its exit code, and its tally if any. */
async function runSuite(
  folder: string,
  files: Record<string, string>,
): Promise<{ code: number | null; tally?: Tally }> {
  const paths = Object.keys(files).map((name) => join(folder, `${name}.test.mjs`));
  await Promise.all(
    Object.values(files).map((source, index) => writeFile(paths[index] ?? expect.fail(), source)),
  );
  const tallyPath = join(folder, "tally.json");
  const code = await new Promise<number | null>((done) => {
    const args = [join(root, "scripts/suites/mocha.ts"), tallyPath, ...paths];
    spawn(process.execPath, args, {
      cwd: root,
      stdio: "ignore",
      env: { ...process.env, NODE_OPTIONS: "" },
    }).on("close", done);
  });
  const text = await readFile(tallyPath, "utf8").catch(() => undefined);
  return text === undefined ? { code } : { code, tally: JSON.parse(text) };
}

describe("scripts/suites", function () {
  this.timeout(30_000);
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "latchkey-suite-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("counts tests that passed, over all files", async () => {
    const { code, tally } = await runSuite(folder, {
      one: `it("a", () => {}); it("b", () => {});`,
      two: `it("c", () => {});`,
    });
    expect(code).to.equal(0);
    expect(tally).to.deep.equal({ passed: 3, failed: 0, skipped: [], notRun: 0, empty: [] });
  });

  it("counts a failed test as failed, and no skipped test as passed", async () => {
    const { code, tally } = await runSuite(folder, {
      one: `it("a", () => { throw new Error("no"); }); it("b", () => {}); it.skip("c"); it("d", function () { this.skip(); });`,
    });
    expect(code).to.equal(1);
    expect(tally).to.deep.equal({ passed: 1, failed: 1, skipped: ["c", "d"], notRun: 0, empty: [] });
  });

  it("counts a failed hook once, and the tests that it kept from running apart", async () => {
    const { code, tally } = await runSuite(folder, {
      one: `describe("x", () => { before(() => { throw new Error("no"); }); it("a", () => {}); it("b", () => {}); });
            it("c", () => {});`,
    });
    expect(code).to.equal(1);
    expect(tally).to.deep.include({ passed: 1, failed: 1, notRun: 2 });
  });

  it("names a file in which no test ran", async () => {
    const { code, tally } = await runSuite(folder, {
      full: `it("a", () => {});`,
      none: `describe("x", () => {});`,
      skipped: `it.skip("b", () => {});`,
    });
    expect(code).to.equal(1);
    expect(tally?.passed).to.equal(1);
    expect(tally?.empty.map((path) => path.split("/").at(-1))).to.deep.equal([
      "none.test.mjs",
      "skipped.test.mjs",
    ]);
  });

  it("leaves no tally when a test ends the process, however politely", async () => {
    const { code, tally } = await runSuite(folder, {
      one: `it("a", () => {}); it("b", () => process.exit(0));`,
    });
    expect(code).to.equal(0);
    expect(tally).to.equal(undefined);
  });

  it("leaves no tally when a file cannot be loaded", async () => {
    const { code, tally } = await runSuite(folder, {
      one: `it("a", () => {});`,
      two: `throw new Error("no");`,
    });
    expect(code).not.to.equal(0);
    expect(tally).to.equal(undefined);
  });

  it("does not accept a suite that one test was picked from", async () => {
    const { code } = await runSuite(folder, { one: `it("a", () => {}); it.only("b", () => {});` });
    expect(code).not.to.equal(0);
  });
});
