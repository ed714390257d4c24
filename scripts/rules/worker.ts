/**
 * Runs the contract tests against code that leaves out a rule, until one fails. A process of its own, kept warm:
 * `npm run test:rules` sends it one task after another.
 */
import { join, resolve } from "node:path";
import Mocha from "mocha";
import type { Task } from "./Task.ts";
import { testFiles } from "./testFiles.ts";
import type { Verdict } from "./Verdict.ts";

const root = resolve(import.meta.dirname, "../..");

/** Says nothing: the verdict says it all. */
class Silent extends Mocha.reporters.Base {}

const mocha = new Mocha({ ui: "bdd", reporter: Silent, bail: true, timeout: 60_000 });
mocha.cleanReferencesAfterRun(false);
for (const path of testFiles()) mocha.addFile(join(root, path));
await mocha.loadFilesAsync();
const loaded = mocha.suite.suites;

/** The first test that fails, if any. */
function run({ code, file, accounts }: Task): Promise<Verdict> {
  // Where the fixture takes the contracts from.
  process.env.LATCHKEY_CODE = code;
  const ranked = testFiles(file, accounts);
  const rank = ({ file: path = "" }: Mocha.Suite) => ranked.findIndex((one) => path.endsWith(one));
  mocha.suite.suites = loaded.filter((suite) => rank(suite) >= 0).sort((a, b) => rank(a) - rank(b));
  return new Promise((done) => {
    const verdict: Verdict = { passed: 0 };
    mocha
      .run(() => done(verdict))
      .on(Mocha.Runner.constants.EVENT_TEST_PASS, () => {
        verdict.passed += 1;
      })
      .on(Mocha.Runner.constants.EVENT_TEST_FAIL, (test, error: Error & { code?: string }) => {
        if (verdict.caughtBy) return;
        verdict.caughtBy = test.fullTitle();
        verdict.why = error.message;
        verdict.timedOut = error.code === "ERR_MOCHA_TIMEOUT";
      });
  });
}

process.on("message", (task: Task) => {
  run(task).then(
    (verdict) => process.send?.(verdict),
    (error: Error) => {
      throw error;
    },
  );
});
process.on("disconnect", () => process.exit());
process.send?.("ready");
