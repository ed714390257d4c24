import { expect } from "chai";
import Mocha from "mocha";
import { judgeBy } from "../../scripts/rules/judgeBy.ts";
import { outcomeOf } from "../../scripts/rules/outcomeOf.ts";
import { removals } from "../../scripts/rules/removals.ts";
import type { Verdict } from "../../scripts/rules/Verdict.ts";
import { runCommand } from "./runCommand.ts";

/** Says nothing. */
class Silent extends Mocha.reporters.Base {}

/** Judges a suite of one test that passes, two that fail, and one that never ends. */
function judge(options: { bail: boolean }): Promise<Verdict> {
  const mocha = new Mocha({ reporter: Silent, timeout: 20, ...options });
  const suite = Mocha.Suite.create(mocha.suite, "a budget");
  const fails = () => {
    throw new Error("not refused");
  };
  suite.addTest(new Mocha.Test("holds", () => {}));
  suite.addTest(new Mocha.Test("holds per transaction", fails));
  suite.addTest(new Mocha.Test("holds per period", fails));
  suite.addTest(new Mocha.Test("never ends", () => new Promise(() => {})));
  return judgeBy(mocha);
}

describe("npm run test:rules", function () {
  this.timeout(30_000);

  it("lists every rule with its name, its file and what it leaves out, and compiles nothing", async () => {
    const { code, stdout, stderr } = await runCommand("test-rules", ["--list"], { config: "/nowhere" });
    expect(stderr).to.equal("");
    expect(code).to.equal(0);
    const lines = stdout.trimEnd().split("\n");
    expect(lines.map((line) => line.split(/ {2,}/))).to.deep.equal(
      removals.map(({ name, file, rule }) => [name, `contracts/${file}`, rule]),
    );
  });

  it("only lists the rules named by --only, and rejects an unknown one", async () => {
    const [one] = removals;
    const listed = await runCommand("test-rules", ["--list", "--only", one?.name ?? ""], {
      config: "/nowhere",
    });
    expect(listed.stdout.split("\n")).to.have.length(2);
    const { code, stderr } = await runCommand("test-rules", ["--list", "--only", "no-such-rule"], {
      config: "/nowhere",
    });
    expect(stderr).to.equal("There is no rule named no-such-rule in scripts/rules/.\n");
    expect(code).to.equal(1);
  });

  it("stops at the first test that notices", async () => {
    expect(outcomeOf(await judge({ bail: true }))).to.deep.equal({
      kind: "caught",
      lines: ["a budget holds per transaction"],
    });
  });

  it("names every test that notices with --all, except those that only timed out", async () => {
    const verdict = await judge({ bail: false });
    expect(verdict.passed).to.equal(1);
    expect(outcomeOf(verdict)).to.deep.equal({
      kind: "caught",
      lines: ["a budget holds per transaction", "a budget holds per period"],
    });
  });

  it("calls a rule survived where all tests pass, and an error where nothing can be told", () => {
    const slow = { title: "a slot is good", why: "timeout", timedOut: true };
    expect(outcomeOf({ passed: 3, failures: [] })).to.deep.equal({ kind: "survived", lines: ["SURVIVED"] });
    expect(outcomeOf({ passed: 3, failures: [slow] }).kind).to.equal("error");
    expect(outcomeOf("the worker died").kind).to.equal("error");
  });
});
