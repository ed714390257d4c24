import { join, resolve } from "node:path";
import * as sdk from "@latchkey/sdk";
import * as addresses from "@latchkey/sdk/addresses";
import * as node from "@latchkey/sdk/node";
import * as redis from "@latchkey/sdk/redis";
import * as testing from "@latchkey/sdk/testing";
import ts from "typescript";
import { snippetOptions } from "./snippets.ts";

const root = resolve(import.meta.dirname, "../..");
const sources = join(root, "packages/sdk/src");

/** Each entry of the SDK that has functions, and the module that it is made of. */
const entries = {
  "@latchkey/sdk": { exported: sdk, source: join(sources, "index.ts") },
  "@latchkey/sdk/node": { exported: node, source: join(sources, "node.ts") },
  "@latchkey/sdk/redis": { exported: redis, source: join(sources, "redis.ts") },
  "@latchkey/sdk/testing": { exported: testing, source: join(sources, "testing/index.ts") },
  "@latchkey/sdk/addresses": { exported: addresses, source: join(sources, "addresses/index.ts") },
} as const;

/** Some lines of code that a reader may copy, and where they stand. */
export type Example = { file: string; line: number; code: string };

/** A comment's text without its asterisks, line by line. */
const withoutAsterisks = (text: string) => text.replaceAll(/^[ \t]*\/?\*+\/?[ \t]?/gm, "");

const lineAt = (text: string, index: number) => text.slice(0, index).split("\n").length;

/** The code of a Markdown page: its blocks of JavaScript and TypeScript, and what its sentences quote with an `await`. */
export function examplesOfPage(file: string, text: string): Example[] {
  const blocks = [...text.matchAll(/^```(?:ts|js|tsx|mts|typescript|javascript)\b.*\n([\s\S]*?)^```/gm)];
  const prose = text.replaceAll(/^```[\s\S]*?^```/gm, (block) => block.replaceAll(/[^\n]/g, " "));
  return [
    ...blocks.map((match) => ({
      file,
      line: lineAt(text, match.index) + 1,
      code: match[1] ?? "",
    })),
    ...quotedIn(prose).map(({ line, code }) => ({ file, line, code })),
  ];
}

/** The code in a source's JSDoc: its examples, and what its sentences quote with an `await`. */
export function examplesOfSource(file: string, text: string): Example[] {
  return [...text.matchAll(/\/\*\*[\s\S]*?\*\//g)].flatMap((comment) => {
    const first = lineAt(text, comment.index);
    const plain = withoutAsterisks(comment[0]);
    const examples = [...plain.matchAll(/^@example\b(.*\n[\s\S]*?)(?=^@\w|$(?![\s\S]))/gm)];
    return [
      ...examples.map((match) => ({
        file,
        line: first + lineAt(plain, match.index) - 1,
        code: (match[1] ?? "").replaceAll(/^```.*$/gm, ""),
      })),
      ...quotedIn(plain).map(({ line, code }) => ({ file, line: first + line - 1, code })),
    ];
  });
}

const quotedIn = (text: string) =>
  [...text.matchAll(/`([^`\n]*\bawait [^`\n]*)`/g)].map((match) => ({
    line: lineAt(text, match.index),
    code: match[1] ?? "",
  }));

/**
 * Every `await` in some code of a non-promise, by the types of what the SDK exports. An example may use whatever it does not
 * declare: what is not known has no type, and may be awaited.
 *
 * @returns One line for each, with its place.
 */
export function needlessAwaits(examples: readonly Example[]): string[] {
  const texts = new Map(
    examples.map((example, index) => [join(root, ".tmp", `example-${index}.ts`), moduleOf(example.code)]),
  );
  const options: ts.CompilerOptions = {
    ...snippetOptions,
    paths: Object.fromEntries(Object.entries(entries).map(([name, { source }]) => [name, [source]])),
  };
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (path) => texts.has(path) || fileExists(path);
  host.readFile = (path) => texts.get(path) ?? readFile(path);
  host.getSourceFile = (path, ...rest) => {
    const text = texts.get(path);
    return text === undefined
      ? getSourceFile(path, ...rest)
      : ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true);
  };
  const program = ts.createProgram([...texts.keys()], options, host);
  const checker = program.getTypeChecker();
  return [...texts.keys()].flatMap((path, index) => {
    const source = program.getSourceFile(path);
    const { file, line } = examples[index] as Example;
    const found: string[] = [];
    const visit = (one: ts.Node): void => {
      if (ts.isAwaitExpression(one) && !mayBePromise(checker, checker.getTypeAtLocation(one.expression))) {
        const at = source?.getLineAndCharacterOfPosition(one.getStart()).line ?? 0;
        found.push(`${file}:${line + at}: ${one.getText()}`);
      }
      ts.forEachChild(one, visit);
    };
    if (source) visit(source);
    return found;
  });
}

function mayBePromise(checker: ts.TypeChecker, type: ts.Type): boolean {
  if (type.flags & (ts.TypeFlags.Any | ts.TypeFlags.Unknown | ts.TypeFlags.TypeParameter)) return true;
  if (type.isUnionOrIntersection()) return type.types.some((one) => mayBePromise(checker, one));
  return checker.getPropertyOfType(type, "then") !== undefined;
}

/** A module of an example: on its first line, before the code, imports of what the example does not declare itself. */
function moduleOf(code: string): string {
  const source = ts.createSourceFile("example.ts", code, ts.ScriptTarget.ESNext, true);
  const declared = new Set<string>();
  const visit = (one: ts.Node): void => {
    const { name } = one as { name?: ts.Node };
    const declares =
      ts.isImportSpecifier(one) ||
      ts.isVariableDeclaration(one) ||
      ts.isBindingElement(one) ||
      ts.isFunctionDeclaration(one);
    if (declares && name && ts.isIdentifier(name)) declared.add(name.text);
    ts.forEachChild(one, visit);
  };
  visit(source);
  const imports: string[] = [];
  for (const [from, { exported }] of Object.entries(entries)) {
    const names = Object.keys(exported).filter((name) => !declared.has(name));
    for (const name of names) declared.add(name);
    if (names.length > 0) imports.push(`import { ${names.join(", ")} } from ${JSON.stringify(from)};`);
  }
  return `${imports.join(" ")} export {}; ${code}`;
}
