import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect } from "chai";
import ts from "typescript";

const root = resolve(import.meta.dirname, "../..");

/** What signed payments are made of, which no one who pays or grants needs to know. */
const INNER = /\b(?:lots?|slots?)\b/i;

/** A parameter's name, or what a value takes the place of. */
const CODE = /`[^`]*`|\{\w+\}/g;

/** The sentences in a source file: strings and templates with a space in them. */
function sentencesIn(path: string): string[] {
  const file = ts.createSourceFile(
    path,
    readFileSync(join(root, path), "utf8"),
    ts.ScriptTarget.ES2022,
    true,
  );
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isTemplateExpression(node))
      found.push(
        [node.head, ...node.templateSpans.map(({ literal }) => literal)].map(({ text }) => text).join("…"),
      );
    else if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node) || ts.isJsxText(node))
      found.push(node.text);
    node.forEachChild(visit);
  };
  visit(file);
  return found.filter((text) => /\S\s+\S/.test(text));
}

describe("what people read of the SDK, the page and the demo", () => {
  for (const folder of ["packages/sdk/src", "packages/page/src", "scripts/demo"])
    it(`names no lots and slots in ${folder}`, () => {
      const paths = globSync(`${folder}/**/*.{ts,tsx}`, { cwd: root })
        // ABIs and code, and what Redis runs.
        .filter((path) => !/\/generated\/|\/redisScripts\.ts$/.test(path));
      const sentences = paths.flatMap((path) => sentencesIn(path).map((text) => `${path}: ${text}`));
      expect(sentences.length).to.be.greaterThan(10);
      expect(
        sentences.filter((text) => INNER.test(text.slice(text.indexOf(": ")).replaceAll(CODE, ""))),
      ).to.deep.equal([]);
    });
});
