import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect } from "chai";
import { hasTest } from "./hasTest.ts";

const root = resolve(import.meta.dirname, "../..");
const read = (path: string) => readFileSync(join(root, path), "utf8");
const spec = read("docs/spec.md");

const rules = [...spec.matchAll(/^- \*\*([A-Z]-\d+)\*\* /gm)].map(([, id = ""]) => id);
const rows = [...spec.matchAll(/^\| ([A-Z]-\d+) \| (\S+) \| (.+) \|$/gm)].map(
  ([, id = "", file = "", title = ""]) => ({ id, file, title }),
);
const families = [...new Set(rules.map((id) => id.slice(0, 1)))];

describe("docs/spec.md", () => {
  it("numbers the rules of each family from 1, without a gap", () => {
    expect(rules.length).to.be.above(50);
    for (const family of families) {
      const own = rules.filter((id) => id.startsWith(`${family}-`));
      expect(own).to.deep.equal(own.map((_, i) => `${family}-${i + 1}`));
      expect(spec).to.match(new RegExp(`^## ${family}: `, "m"));
    }
  });

  it("names a test for each rule, and for nothing else", () => {
    expect(rows.map(({ id }) => id)).to.deep.equal(rules);
  });

  it("names existing tests", () => {
    const missing = rows.filter(({ file, title }) => !hasTest(read(file), title));
    expect(missing).to.deep.equal([]);
  });

  it("is cited by a test file for each family, and only with existing rules", () => {
    const cited = globSync("test/**/*.{ts,sol}", { cwd: root }).flatMap((file) =>
      [...read(file).matchAll(/\/\/ Rules of docs\/spec\.md: (.+)\.$/gm)].flatMap(([, ids = ""]) =>
        ids.split(", ").map((id) => ({ id, file })),
      ),
    );
    expect(cited.filter(({ id }) => !rules.includes(id))).to.deep.equal([]);
    const untrue = cited.filter((one) => !rows.some(({ id, file }) => id === one.id && file === one.file));
    expect(untrue).to.deep.equal([]);
    expect([...new Set(cited.map(({ id }) => id.slice(0, 1)))].sort()).to.deep.equal([...families].sort());
  });

  it("does not count a title that is only mentioned, truncated, or commented out", () => {
    const source =
      'describe("a budget", () => {\n  it(\n    "holds",\n  );\n  // it("is gone")\n  log("said");\n});';
    expect(["a budget", "holds"].map((title) => hasTest(source, title))).to.deep.equal([true, true]);
    expect(["hold", "said", "is gone", ""].filter((title) => hasTest(source, title))).to.deep.equal([]);
  });
});
