import { globSync, readFileSync } from "node:fs";
import { basename, resolve } from "node:path";
import { expect } from "chai";

const root = resolve(import.meta.dirname, "../..");
const read = (path: string) => readFileSync(resolve(root, path), "utf8");
const recipes = globSync("docs/recipes/*.md", { cwd: root })
  .map((path) => basename(path))
  .filter((name) => name !== "README.md")
  .sort();
const linksOf = (text: string) => [...text.matchAll(/\]\((?!https:)([^)#]+)/g)].map(([, link = ""]) => link);

describe("docs/recipes", () => {
  it("is listed in its README, one line for each recipe", () => {
    expect(recipes).to.have.length.greaterThan(3);
    const rows = read("docs/recipes/README.md")
      .split("\n")
      .filter((line) => line.startsWith("| ["));
    expect(rows.flatMap(linksOf).sort()).to.deep.equal(recipes);
  });

  it("is linked from the README and from the agents' guide", () => {
    expect(linksOf(read("docs/agents.md"))).to.include("recipes/README.md");
    expect(linksOf(read("README.md"))).to.include.members(
      ["README.md", ...recipes].map((name) => `docs/recipes/${name}`),
    );
  });

  it("has a test that runs the code of each recipe", () => {
    const tests = globSync("test/docs/*.test.ts", { cwd: root }).map(read);
    for (const name of recipes)
      expect(
        tests.some((text) => text.includes(`const page = "docs/recipes/${name}"`)),
        name,
      ).to.equal(true);
  });
});
