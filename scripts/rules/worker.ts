/**
 * Runs the contract tests against code that leaves out a rule, until one fails; with `--all` all of them. A process of its
 * own, kept warm: `npm run test:rules` sends it one task after another.
 */
import { join, resolve } from "node:path";
import Mocha from "mocha";
import { judgeBy } from "./judgeBy.ts";
import type { Task } from "./Task.ts";
import { testFiles } from "./testFiles.ts";
import type { Verdict } from "./Verdict.ts";

const root = resolve(import.meta.dirname, "../..");

/** Says nothing: the verdict says it all. */
class Silent extends Mocha.reporters.Base {}

const bail = !process.argv.includes("--all");
const mocha = new Mocha({ ui: "bdd", reporter: Silent, bail, timeout: 60_000 });
mocha.cleanReferencesAfterRun(false);
for (const path of testFiles()) mocha.addFile(join(root, path));
await mocha.loadFilesAsync();
const loaded = mocha.suite.suites;

/** Runs the tests of a kind of account, those first that are closest to the rule. */
function run({ code, file, accounts }: Task): Promise<Verdict> {
  // Where the fixture takes the contracts from.
  process.env.LATCHKEY_CODE = code;
  const ranked = testFiles(file, accounts);
  const rank = ({ file: path = "" }: Mocha.Suite) => ranked.findIndex((one) => path.endsWith(one));
  mocha.suite.suites = loaded.filter((suite) => rank(suite) >= 0).sort((a, b) => rank(a) - rank(b));
  return judgeBy(mocha);
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
