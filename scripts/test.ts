/**
 * Builds, then runs every check and every suite, some at a time, and ends with the line `N passed, N failed`.
 *
 *     npm test                         everything
 *     npm test -- test/sdk a.t.sol …   only these files and folders, without lint and types
 *     npm run test:more                what npm test leaves out for its time: MORE
 *     npm run test:deep                the property tests and their folders, for long
 *
 * The numbers are those of the runners: tests that passed, tests and hooks that failed. Each of these counts as one
 * failure more: a build or check that failed, a suite that crashed, a file without a test that ran, tests kept from
 * running. A skipped test is neither passed nor failed, and is named.
 */
import { spawn } from "node:child_process";
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { basename, join, relative, resolve, sep } from "node:path";
import { createInterface } from "node:readline";
import { commandLine, readCommandLine } from "./commandLine.ts";
import { FROM_SOURCES } from "./fromSources.ts";
import { npmCommand } from "./npmCommand.ts";
import type { Tally } from "./suites/Tally.ts";

/** Something to run in a process of its own. */
type Job = {
  name: string;
  command: string;
  args: string[];
  /** Where a suite leaves its tally; checks have none. */
  tally?: string;
};

/** How a job ended: what the runner counted, and whatever else went wrong. */
type Outcome = { name: string; seconds: number; tally?: Tally; faults: string[] };

const command = commandLine("npm test --", "Builds, then runs every check and every suite.")
  .argument("[paths...]", "only these files and folders, without lint and types")
  .option("--more", "the suites that npm test leaves out for their time", false)
  .option("--deep", "the property tests and their folders, for long", false)
  // Two more than there are processors: suites wait for browsers, blocks and time limits for a third of their time.
  .option("--jobs <number>", "how many suites at a time", String(availableParallelism() + 2));
const values = readCommandLine<{ deep: boolean; more: boolean; jobs: string }>(command);
const positionals = command.args;
/** `npm test` as it is, with lint and types. */
const everything = positionals.length === 0 && !values.deep && !values.more;
const missing = positionals.find((path) => !existsSync(path));
if (missing !== undefined) command.error(`error: there is no ${missing}`);
const root = resolve(import.meta.dirname, "..");
const scratch = mkdtempSync(join(tmpdir(), "latchkey-test-"));
const env = {
  ...process.env,
  ...(process.stdout.isTTY ? { FORCE_COLOR: "1" } : { NO_COLOR: "1" }),
  ...(values.deep ? { LATCHKEY_DEEP: "1" } : {}),
};

/** Runs a job and passes its output on, each line with the job's name before it. */
function run(job: Job): Promise<Outcome> {
  const began = Date.now();
  const child = spawn(job.command, job.args, { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] });
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on("line", (line) => console.log(`${job.name} | ${line}`));
  return new Promise((done) => {
    const end = (reason: string | undefined) => {
      const seconds = (Date.now() - began) / 1000;
      if (!job.tally) return done({ name: job.name, seconds, faults: reason ? [reason] : [] });
      if (!existsSync(job.tally))
        return done({ name: job.name, seconds, faults: [`crashed (${reason ?? "exit 0"})`] });
      const tally: Tally = JSON.parse(readFileSync(job.tally, "utf8"));
      const faults = tally.empty.map((file) => `no test ran in ${file}`);
      if (tally.passed + tally.failed === 0) faults.push("ran no test");
      if (tally.notRun > 0) faults.push(`${tally.notRun} tests never ran`);
      if (reason && tally.failed === 0 && faults.length === 0) faults.push(reason);
      done({ name: job.name, seconds, tally, faults });
    };
    child.on("error", (error) => end(error.message));
    child.on("close", (code, signal) =>
      end(code === 0 ? undefined : signal ? `killed by ${signal}` : `exit ${code}`),
    );
  });
}

/** Runs jobs, at most `limit` at once, in their order. */
async function runAll(jobs: readonly Job[], limit: number): Promise<Outcome[]> {
  const waiting = [...jobs];
  const outcomes: Outcome[] = [];
  const worker = async () => {
    for (let job = waiting.shift(); job; job = waiting.shift()) outcomes.push(await run(job));
  };
  await Promise.all(Array.from({ length: limit }, worker));
  return outcomes;
}

/**
 * Suites of slow real counterparts: a bundler, packages that are installed, commands that run in projects of their own, traced
 * validations, payments beside the stock client's, a fleet whose workers are killed, and what takes longest in a browser.
 * `npm test` leaves them out, `npm run test:more` runs them alone, CI both.
 */
const MORE = [
  "test/bundler",
  "test/package",
  "test/scripts",
  "test/erc7562",
  "test/clientBench",
  "test/agent-tools/aiTypes.test.ts",
  "test/agent-tools/sendPayment.test.ts",
  "test/cli/badInput.test.ts",
  "test/cli/crashTest.test.ts",
  "test/cli/dev.test.ts",
  "test/cli/mcp.test.ts",
  "test/cli/mcpThief.test.ts",
  "test/cli/more.test.ts",
  "test/cli/pay.test.ts",
  "test/cli/request.test.ts",
  "test/cli/session.test.ts",
  "test/cli/unwritable.test.ts",
  "test/docs/fleet.test.ts",
  "test/docs/noGas.test.ts",
  "test/docs/researchAgent.test.ts",
  "test/docs/topUp.test.ts",
  "test/page/inSight.test.ts",
  "test/page/manage.test.ts",
  "test/page/pause.test.ts",
  "test/page/permissions.test.ts",
  "test/page/quality.test.ts",
  "test/page/requestMore.test.ts",
];

/** Whether `npm test` leaves a file or folder of test/ out. */
const isMore = (path: string) => MORE.some((more) => path === more || path.startsWith(`${more}/`));

const script = (name: string, ...args: string[]): Job => ({
  name,
  ...npmCommand(["run", "--silent", name, ...(args.length > 0 ? ["--", ...args] : [])]),
});

const buildOf = (workspace: "sdk" | "devchain" | "page" | "cli"): Job => ({
  name: `build ${workspace}`,
  ...npmCommand(["run", "--silent", "build", "--workspace", `packages/${workspace}`]),
});

const suite = (name: string, runner: "mocha" | "solidity", files: readonly string[]): Job => {
  const tally = join(scratch, `${runner}-${name}.json`);
  return {
    name,
    tally,
    command: process.execPath,
    args: [FROM_SOURCES, `scripts/suites/${runner}.ts`, tally, ...files],
  };
};

/** The files named by what was asked for: a file, or a folder with all that match the pattern in it. */
const select = (pattern: string, asked: readonly string[]) =>
  asked
    .flatMap((path) =>
      statSync(path).isDirectory() ? globSync(pattern, { cwd: path }).map((f) => join(path, f)) : [path],
    )
    .filter((path) => path.endsWith(pattern.slice(pattern.indexOf("."))))
    .map((path) => relative(root, resolve(path)).replaceAll(sep, "/"))
    .sort();

/**
 * One suite for each folder of test/, so that each has its own process and its own Hardhat. Tests of the page, and random
 * tests that run for long, have one for each file, and those of x402 one besides the SDK's: as one, any of these would be
 * still running when all others have ended.
 * The slowest first.
 */
function suites(): Job[] {
  const all = values.deep
    ? ["test/properties", "test/contracts/reading.test.ts", "test/model", "test/sdk"]
    : values.more
      ? MORE
      : globSync("test/*", { cwd: root });
  const asked = positionals.length > 0 ? positionals : all.map((path) => join(root, path)).filter(existsSync);
  const folders = new Map<string, string[]>();
  for (const file of select("**/*.test.ts", asked)) {
    if (everything && isMore(file)) continue;
    const [, folder = "", inner] = file.split("/");
    const apart = folder === "page" ? inner !== "unit" : values.deep && folder === "properties";
    const ofFile = apart ? `-${basename(file, ".test.ts")}` : "";
    const ofFolder = folder === "sdk" && inner === "x402" ? "-x402" : "";
    const name = folder.endsWith(".ts") ? "test" : `${folder}${ofFile}${ofFolder}`;
    folders.set(name, [...(folders.get(name) ?? []), file]);
  }
  const slowest = [
    "scripts",
    "sdk-x402",
    "properties-core",
    "properties-erc7579",
    "properties-shape",
    "page-pause",
    "page-manage",
    "page-quality",
    "accounts",
    "sdk",
    "properties",
    "bundler",
    "page-inSight",
    "clientBench",
    "erc7562",
    "docs",
    "page-gas",
    "contracts",
    "model",
  ];
  const rank = (name: string) => (slowest.includes(name) ? slowest.indexOf(name) : slowest.length);
  const jobs = [...folders]
    .map(([name, files]) => suite(name, "mocha", files))
    .sort((a, b) => rank(a.name) - rank(b.name));
  if (positionals.length === 0) {
    if (values.more) return jobs;
    return [...jobs, suite("solidity", "solidity", values.deep ? ["test/solidity/Rails.t.sol"] : [])];
  }
  const solidity = select("**/*.t.sol", asked);
  return solidity.length > 0 ? [...jobs, suite("solidity", "solidity", solidity)] : jobs;
}

async function main(): Promise<Outcome[]> {
  const tests = suites();
  // These look at the page as it is shipped, not at its sources.
  const ofPage = tests.some(({ args }) =>
    args.some((file) =>
      /^test\/(page\/|scripts\/page\.test\.ts$|(cli\/dev|package\/(devchain|page|quickstart))\.test\.ts$)/.test(
        file,
      ),
    ),
  );
  const packed = everything || ofPage || values.more;
  // The compiler keeps one processor busy; what needs nothing of it runs beside it.
  const [compiled, beside] = await Promise.all([
    run(script("compile")),
    runAll(
      [
        ...(packed ? [buildOf("sdk"), buildOf("cli")] : []),
        ...(ofPage ? [buildOf("page")] : []),
        ...(everything ? [script("lint")] : []),
      ],
      1,
    ),
  ]);
  const outcomes = [compiled, ...beside];
  // Against old artifacts every number below would be a lie.
  if (compiled.faults.length > 0) return outcomes;
  if (everything) outcomes.push(await run(script("generate", "--check")));
  if (packed) outcomes.push(await run(buildOf("devchain")));
  const jobs = [...tests, ...(everything ? [script("types")] : [])];
  if (!jobs.some(({ tally }) => tally))
    outcomes.push({ name: "test", seconds: 0, faults: ["there is no test to run"] });
  return [...outcomes, ...(await runAll(jobs, Math.max(1, Number(values.jobs) || 1)))];
}

const outcomes = await main().finally(() => rmSync(scratch, { recursive: true, force: true }));
let passed = 0;
let failed = 0;
console.log("");
for (const { name, seconds, tally, faults } of outcomes) {
  passed += tally?.passed ?? 0;
  failed += (tally?.failed ?? 0) + faults.length;
  const counts = tally
    ? `${tally.passed} passed, ${tally.failed} failed, ${tally.skipped.length} skipped`
    : "";
  const verdict = [counts, ...faults.map((fault) => `FAILED: ${fault}`)].filter(Boolean).join("; ") || "ok";
  console.log(`${name.padEnd(18)} ${seconds.toFixed(0).padStart(4)} s  ${verdict}`);
  for (const title of tally?.skipped ?? []) console.log(`${" ".repeat(26)}skipped: ${title}`);
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
