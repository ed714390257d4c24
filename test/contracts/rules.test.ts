import { globSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect } from "chai";
import { matches, readContract, removals, withoutRule } from "../../scripts/rules/removals.ts";
import { testFiles } from "../../scripts/rules/testFiles.ts";

const contracts = resolve(import.meta.dirname, "../../contracts");

describe("the rules that npm run test:rules removes", () => {
  it("each occur exactly once in the contracts", () => {
    const misplaced = removals.filter((removal) => matches(removal) !== 1);
    expect(misplaced.map(({ name, file }) => `${name} in ${file}`)).to.deep.equal([]);
  });
  it("are gone once removed", () => {
    const kept = removals.filter(
      (removal) => removal.replace === removal.find || withoutRule(removal) === "",
    );
    expect(kept.map(({ name }) => name)).to.deep.equal([]);
  });
  it("each have a name", () => {
    expect(new Set(removals.map(({ name }) => name)).size).to.equal(removals.length);
  });
  it("match the number in docs/testing.md", () => {
    const said = /, (\d+) in all\./.exec(
      readFileSync(resolve(import.meta.dirname, "../../docs/testing.md"), "utf8"),
    )?.[1];
    expect(said).to.equal(String(removals.length));
  });
  it("cover every revert of the contracts", () => {
    const files = globSync("**/*.sol", { cwd: contracts });
    expect(files).to.include("SignatureRail.sol");
    const missing: string[] = [];
    for (const file of files) {
      const text = readContract(file);
      for (const [line] of text.matchAll(/^.*\brevert [\w.]+\(.*$/gm)) {
        const condition = line.trim();
        // The removal may change the revert's own line, or the condition on the line above it.
        const at = text.indexOf(line);
        const above = text.slice(0, at).split("\n").at(-2)?.trim() ?? "";
        const touched = removals.some(
          (one) =>
            one.file === file &&
            [condition, above].some(
              (text) => text && (one.find.includes(text) || text.includes(one.find.split("\n")[0] ?? "")),
            ),
        );
        if (!touched) missing.push(`${file}: ${condition}`);
      }
    }
    expect(missing).to.deep.equal([]);
  });
  it("are tested by existing files in this folder", () => {
    expect(testFiles("SessionModule.sol").slice(0, 2)).to.deep.equal([
      "test/contracts/SessionModule.life.test.ts",
      "test/contracts/SessionModule.pause.test.ts",
    ]);
  });
});
