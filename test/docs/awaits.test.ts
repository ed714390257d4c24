import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect } from "chai";
import { type Example, examplesOfPage, examplesOfSource, needlessAwaits } from "./needlessAwaits.ts";

const root = resolve(import.meta.dirname, "../..");

const read = (path: string) => readFileSync(join(root, path), "utf8");
const pages = globSync(["*.md", "docs/**/*.md", "packages/*/*.md"], {
  cwd: root,
  // Made of the sources' comments, which are read themselves.
  exclude: ["docs/reference/**"],
});
const sources = globSync("packages/sdk/src/**/*.ts", { cwd: root, exclude: ["**/generated/**"] });

describe("the code that readers copy", function () {
  this.timeout(120_000);

  it("awaits only promises, on the pages and in the JSDoc", () => {
    const examples = [
      ...pages.flatMap((path) => examplesOfPage(path, read(path))),
      ...sources.flatMap((path) => examplesOfSource(path, read(path))),
    ];
    const awaiting = new Set(
      examples.filter(({ code }) => /\bawait /.test(code)).map(({ file }) => file.replaceAll("\\", "/")),
    );
    expect([...awaiting]).to.include.members([
      "README.md",
      "docs/accounts/kernel.md",
      "packages/sdk/README.md",
      "packages/sdk/src/history/spendMeter.ts",
      "packages/sdk/src/propose/proposeSession.ts",
    ]);
    expect(needlessAwaits(examples)).to.deep.equal([]);
  });

  it("is read from blocks, sentences and comments alike", () => {
    const page = [
      "# Page",
      "The module is `await safeSessionModuleAddress()`.",
      "```ts",
      'import { createSession, erc7579SessionModuleAddress as of } from "@latchkey/sdk";',
      "",
      "const module = await of();",
      "const session = await createSession(request, { module });",
      "const grant = await signGrant(owner, proposal);",
      "const other = await unknown(1);",
      "```",
    ].join("\n");
    const source = [
      "/**",
      " * Reads `(await hashSession(session)).length`.",
      " *",
      " * @example",
      " * const grant = await parseGrant(text);",
      " * const verdict = await verifyGrant(client, grant);",
      " * @returns Nothing.",
      " */",
    ].join("\n");
    const examples: Example[] = [...examplesOfPage("page.md", page), ...examplesOfSource("a.ts", source)];
    expect(needlessAwaits(examples).sort()).to.deep.equal([
      "a.ts:2: await hashSession(session)",
      "a.ts:5: await parseGrant(text)",
      "page.md:2: await safeSessionModuleAddress()",
      "page.md:6: await of()",
      "page.md:7: await createSession(request, { module })",
    ]);
  });
});
