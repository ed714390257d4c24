/**
 * Leaves out one rule of the contracts after the other, runs the contract tests against what is left, and says which
 * test noticed. A rule whose absence no test notices is not tested, and fails the run.
 *
 *     npm run test:rules                      every rule of scripts/rules/
 *     npm run test:rules -- --only <name> …   these only
 *     npm run test:rules -- --all             names every test that notices, not the first alone: slow, so best with --only
 *     npm run test:rules -- --list            prints the rules, and does nothing else
 *     npm run test:rules -- --jobs 4          in so many processes
 *
 * The contracts are changed in memory; no file of the repository is written.
 */
import { type ChildProcess, fork, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { commandLine, readCommandLine } from "./commandLine.ts";
import { npmCommand } from "./npmCommand.ts";
import { type Code, compile } from "./rules/compile.ts";
import { compileTogether, NONE, numbered, type Together } from "./rules/compileTogether.ts";
import { outcomeOf } from "./rules/outcomeOf.ts";
import type { AccountKind, Removal } from "./rules/Removal.ts";
import { matches, removals, withoutRule } from "./rules/removals.ts";
import type { Task } from "./rules/Task.ts";
import type { Verdict } from "./rules/Verdict.ts";

const values = readCommandLine<{ only?: string[]; all: boolean; list: boolean; jobs: string }>(
  commandLine(
    "npm run test:rules --",
    "Leaves out each rule of the contracts, once, and names the test that notices.",
  )
    .option("--only <name...>", "these rules only")
    .option("--all", "name every test that notices, not the first alone; slow without --only", false)
    .option("--list", "print name, file and rule of each, and do nothing else", false)
    .option("--jobs <number>", "how many processes", String(Math.min(availableParallelism(), 8))),
);

const began = Date.now();
const elapsed = () => `${((Date.now() - began) / 1000).toFixed(0)} s`;

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}

const unknown = (values.only ?? []).filter((name) => !removals.some((one) => one.name === name));
if (unknown.length > 0) fail(`There is no rule named ${unknown.join(", ")} in scripts/rules/.`);
const misplaced = removals.filter((removal) => matches(removal) !== 1);
if (misplaced.length > 0) {
  fail(
    misplaced
      .map(
        (one) => `${one.name}: stands ${matches(one)} times in contracts/${one.file}, not once: ${one.find}`,
      )
      .join("\n"),
  );
}
const asked = removals.filter(({ name }) => values.only?.includes(name) ?? true);
const width = Math.max(...asked.map(({ name }) => name.length));
if (values.list) {
  const fileWidth = Math.max(...asked.map(({ file }) => file.length));
  const lines = asked.map(
    ({ name, file, rule }) => `${name.padEnd(width)}  contracts/${file.padEnd(fileWidth)}  ${rule}\n`,
  );
  // Into a pipe it is written bit by bit: the process may end only afterwards.
  await new Promise<void>((done) => process.stdout.write(lines.join(""), () => done()));
  process.exit(0);
}

// What the tests' chain has beside the contracts, which nothing else has to have been built for.
const others = npmCommand(["run", "--silent", "contracts", "--workspace", "@latchkey/devchain"]);
if (spawnSync(others.command, others.args, { stdio: "inherit" }).status !== 0) process.exit(1);

const scratch = mkdtempSync(join(tmpdir(), "latchkey-rules-"));
process.on("exit", () => rmSync(scratch, { recursive: true, force: true }));
const write = (name: string, code: Code): string => {
  const path = join(scratch, `${name}.json`);
  writeFileSync(path, JSON.stringify(code));
  return path;
};

/** Has a worker run the tests. */
const judge = (worker: ChildProcess, task: Task): Promise<Verdict | "the worker died"> =>
  new Promise((done) => {
    const died = () => done("the worker died");
    worker.once("exit", died);
    worker.once("message", (verdict: Verdict) => {
      worker.off("exit", died);
      done(verdict);
    });
    worker.send(task);
  });

const start = (): Promise<ChildProcess> =>
  new Promise((done, failed) => {
    const worker = fork(join(import.meta.dirname, "rules/worker.ts"), values.all ? ["--all"] : [], {
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    const died = () => failed(new Error("a worker did not start"));
    worker.once("exit", died);
    worker.once("message", () => {
      worker.off("exit", died);
      done(worker);
    });
  });

const kindOf = ({ accounts = "Safe" }: Removal): AccountKind => accounts;
const together = new Map<AccountKind, Together>();
for (const kind of new Set(asked.map(kindOf))) {
  const ofKind = asked.filter((removal) => kindOf(removal) === kind);
  const compiled = compileTogether(kind, ofKind);
  together.set(kind, compiled);
  console.log(`${kind}: ${ofKind.length} rules, ${compiled.numbers.size} compiled together (${elapsed()})`);
}

const first = await start();
for (const [accounts, { code }] of together) {
  const sound = await judge(first, { code: write(`unchanged-${accounts}`, numbered(code, NONE)), accounts });
  if (typeof sound === "string") fail(sound);
  const [broken] = sound.failures;
  if (broken) fail(`The contracts fail a test of their own, ${broken.title}: ${broken.why}`);
  console.log(`${accounts}: ${sound.passed} tests pass with every rule (${elapsed()})`);
}
first.disconnect();
console.log(`Without the rule, ${values.all ? "every test that fails" : "the first that fails"}:\n`);

/** The contracts without the rule. */
function codeWithout(removal: Removal): Code {
  const compiled = together.get(kindOf(removal));
  const number = compiled?.numbers.get(removal.name);
  if (compiled && number !== undefined) return numbered(compiled.code, number);
  return compile(kindOf(removal), new Map([[`contracts/${removal.file}`, withoutRule(removal)]]));
}

const waiting = [...asked];
const survived: Removal[] = [];
let errors = 0;

/** Works off what is waiting. */
async function work() {
  let worker = await start();
  for (let removal = waiting.shift(); removal; removal = waiting.shift()) {
    const { name, file } = removal;
    const code = write(name, codeWithout(removal));
    const verdict = await judge(worker, { code, file, accounts: kindOf(removal) });
    rmSync(code);
    const { kind, lines } = outcomeOf(verdict);
    if (kind === "error") errors += 1;
    if (kind === "survived") survived.push(removal);
    if (typeof verdict === "string") worker = await start();
    for (const [i, line] of lines.entries()) console.log(`${(i === 0 ? name : "").padEnd(width)}  ${line}`);
  }
  worker.disconnect();
}

const jobs = Math.max(1, Math.min(Number(values.jobs) || 1, asked.length));
await Promise.all(Array.from({ length: jobs }, work));

console.log(`\n${asked.length - survived.length - errors} of ${asked.length} rules caught in ${elapsed()}`);
for (const { name, rule } of survived)
  console.log(`SURVIVED ${name}: no test notices that this is gone: ${rule}`);
process.exit(survived.length + errors > 0 ? 1 : 0);
