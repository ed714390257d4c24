/**
 * Runs mocha files through Hardhat and counts what happened to each test.
 * Hardhat's own summary says "passed" of skipped tests, and of tests that a failed hook kept from running.
 *
 *     node scripts/suites/mocha.ts <tally file> <test file>…
 */
import { spawnSync } from "node:child_process";
import { relative, resolve } from "node:path";
import hre from "hardhat";
import Mocha from "mocha";
import { FROM_SOURCES } from "../fromSources.ts";
import { leaveTally, type Tally } from "./Tally.ts";

// Started by hand: what was built last is not what is to be tested.
if (!import.meta.resolve("@latchkey/sdk").endsWith(".ts")) {
  const args = [FROM_SOURCES, ...process.argv.slice(1)];
  process.exit(spawnSync(process.execPath, args, { stdio: "inherit" }).status ?? 1);
}

const [tallyPath, ...files] = process.argv.slice(2);
const tally: Tally = { passed: 0, failed: 0, skipped: [], notRun: 0, empty: [] };
const filesThatRan = new Set<string>();

const {
  EVENT_RUN_BEGIN,
  EVENT_RUN_END,
  EVENT_TEST_BEGIN,
  EVENT_TEST_FAIL,
  EVENT_TEST_PASS,
  EVENT_TEST_PENDING,
} = Mocha.Runner.constants;

/** Mocha's usual output, and a count of its own. */
class CountingReporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    const started = new Set<Mocha.Test>();
    let total = 0;
    runner.on(EVENT_RUN_BEGIN, () => {
      total = runner.total;
    });
    // In a deep run a test makes as many cases as it makes: a limit would only tell how busy the machine is.
    if (process.env.LATCHKEY_DEEP) runner.on(EVENT_TEST_BEGIN, (test) => test.timeout(0));
    runner.on(EVENT_TEST_PASS, (test) => {
      tally.passed++;
      started.add(test);
      if (test.file) filesThatRan.add(test.file);
    });
    runner.on(EVENT_TEST_FAIL, (test) => {
      tally.failed++;
      // A hook that fails is a failure of its own; the tests behind it are the ones that did not run.
      if ((test as Mocha.Runnable as { type?: string }).type === "test") started.add(test);
      if (test.file) filesThatRan.add(test.file);
    });
    runner.on(EVENT_TEST_PENDING, (test) => {
      tally.skipped.push(test.fullTitle());
      started.add(test);
    });
    runner.on(EVENT_RUN_END, () => {
      tally.notRun = total - started.size;
    });
  }
}

const paths = files.map((file) => resolve(file));
// A test left with `.only` would hide all others.
Object.assign(hre.config.test.mocha, { reporter: CountingReporter, forbidOnly: true });
await hre.tasks.getTask(["test", "mocha"]).run({ testFiles: paths, noCompile: true });
tally.empty = paths.filter((path) => !filesThatRan.has(path)).map((path) => relative(process.cwd(), path));
leaveTally(tallyPath, tally);
