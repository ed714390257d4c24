import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, join, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import ts from "typescript";
import type { Given } from "./Given.ts";

const root = resolve(import.meta.dirname, "../..");
/** Ignored by git, and below the repository, so that packages are found from it. */
const scratch = join(root, ".tmp");
const fromScratch = (path: string) => relative(scratch, join(root, path)).replaceAll("\\", "/");

/** A page, relative to the repository, and which of its blocks are meant. */
export type Page = {
  page: string;
  /** Blocks that name other variants after `ts` are left out. */
  variant?: string;
};

/** One block of TypeScript of a page. */
export type Snippet = {
  code: string;
  /** Of the page, from 1: where the block's code begins. */
  line: number;
  /** The heading that it stands under, without the signs before it. */
  heading: string;
};

type Declared = Readonly<Record<string, unknown>>;

/** What has to be there for a page's code, and who looks at what it does. */
export type SnippetRun = Page & {
  given: Partial<Given>;
  /** Called after each block, with all that the page has declared so far. */
  after?: (snippet: Snippet, declared: Declared) => Promise<void> | void;
};

/**
 * The blocks of a page that begin with a line of three backquotes and `ts`, in order. Words after `ts` name the
 * variants that a block is for (`ts 1.5.0`); without any it is for all.
 * @throws If a block does not end, or none is meant.
 */
export async function readSnippets({ page, variant }: Page): Promise<Snippet[]> {
  const lines = (await readFile(join(root, page), "utf8")).split("\n");
  const snippets: Snippet[] = [];
  let heading = "";
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? "";
    heading = /^#+ (.*)$/.exec(line)?.[1] ?? heading;
    const fence = /^```(\S*) *(.*)$/.exec(line);
    if (!fence) continue;
    const end = lines.indexOf("```", at + 1);
    if (end < 0) throw new Error(`${page}:${at + 1}: the block does not end`);
    const variants = (fence[2] ?? "").split(" ").filter(Boolean);
    const isMeant = variants.length === 0 || (variant !== undefined && variants.includes(variant));
    if (fence[1] === "ts" && isMeant)
      snippets.push({ code: lines.slice(at + 1, end).join("\n"), line: at + 2, heading });
    at = end;
  }
  if (snippets.length === 0) throw new Error(`${page} has no code`);
  return snippets;
}

/**
 * Runs the code of a page, all blocks in one scope, as one module: what one block declares the next ones have.
 * @returns What the page has declared in the end.
 * @throws What the code throws, with the line of the page before it.
 */
export async function runSnippets(run: SnippetRun): Promise<Declared> {
  const snippets = await readSnippets(run);
  let reached: Snippet | undefined;
  let declared: Declared = {};
  const hooks = {
    begin(index: number) {
      reached = snippets[index];
    },
    async end(index: number, values: Declared) {
      declared = values;
      await run.after?.(snippets[index] as Snippet, values);
    },
  };
  const text = joinSnippets(snippets, Object.keys(run.given));
  try {
    await inScratch([{ name: nameOf(run), text }], async ([path = ""]) => {
      const module = (await import(pathToFileURL(path).href)) as {
        default(given: Partial<Given>, on: typeof hooks): Promise<void>;
      };
      await module.default(run.given, hooks);
    });
  } catch (error) {
    const place = reached ? `${run.page}:${reached.line} (${reached.heading})` : run.page;
    throw new Error(`${place}: ${String(error)}`, { cause: error });
  }
  return declared;
}

/** How the code of a page is compiled: as a reader's would be. */
export const snippetOptions: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  customConditions: ["@latchkey/source"],
  lib: ["lib.es2024.d.ts", "lib.dom.d.ts"],
  types: ["node"],
  strict: true,
  skipLibCheck: true,
  allowImportingTsExtensions: true,
  noEmit: true,
};

/**
 * What the compiler, strict, says against the code of pages, as a reader with a bundler compiles it.
 * @param pages With the names of the given variables that each page uses.
 * @returns What is wrong with each page, in order.
 */
export async function snippetFaults(
  pages: readonly (Page & { given: readonly string[] })[],
): Promise<string[][]> {
  const files = await Promise.all(
    pages.map(async (page, index) => ({
      name: `${index}-${nameOf(page)}`,
      text: joinSnippets(await readSnippets(page), page.given),
    })),
  );
  return inScratch(files, async (paths) => {
    const program = ts.createProgram([...paths], snippetOptions);
    return paths.map((path) => {
      const source = program.getSourceFile(path);
      const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
      return found.map(({ start = 0, messageText }) => {
        const line = source?.text.slice(0, start).split("\n").length ?? 0;
        const excerpt = source?.text.split("\n")[line - 1]?.trim();
        return `${basename(path)}: ${excerpt}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`;
      });
    });
  });
}

const nameOf = ({ page, variant }: Page) => `${basename(page, ".md")}-${variant ?? "all"}-${process.pid}.ts`;

/** Writes modules for as long as somebody uses them. */
async function inScratch<Result>(
  files: readonly { name: string; text: string }[],
  use: (paths: readonly string[]) => Promise<Result>,
): Promise<Result> {
  await mkdir(scratch, { recursive: true });
  const paths = files.map(({ name }) => join(scratch, name));
  try {
    await Promise.all(files.map(({ text }, index) => writeFile(paths[index] ?? "", text)));
    return await use(paths);
  } finally {
    await Promise.all(paths.map((path) => rm(path, { force: true })));
  }
}

/** The text of a module that runs blocks one after the other, and reports each. */
function joinSnippets(snippets: readonly Snippet[], given: readonly string[]): string {
  const imports = new Set<string>();
  const declared: string[] = [];
  const body: string[] = [];
  for (const [index, { code }] of snippets.entries()) {
    const source = ts.createSourceFile("snippet.ts", code, ts.ScriptTarget.ESNext, true);
    body.push(`on.begin(${index});`);
    for (const statement of source.statements) {
      if (ts.isImportDeclaration(statement)) {
        for (const line of importsOf(statement)) imports.add(line);
        continue;
      }
      declared.push(...namesOf(statement));
      body.push(statement.getFullText(source));
    }
    body.push(`await on.end(${index}, { ${declared.join(", ")} });`);
  }
  const parameters = given.filter((name) => !declared.includes(name));
  return [
    ...imports,
    `import type { Given } from ${JSON.stringify(fromScratch("test/docs/Given.ts"))};`,
    "type Hooks = { begin(index: number): void; end(index: number, declared: object): Promise<void> };",
    "export default async function (given: Given, on: Hooks): Promise<void> {",
    `const { ${parameters.join(", ")} } = given;`,
    ...body,
    "}",
  ].join("\n");
}

/** One import for each name, so that two blocks may import the same. */
function importsOf(statement: ts.ImportDeclaration): string[] {
  const from = statement.moduleSpecifier.getText();
  const { name, namedBindings: bindings } = statement.importClause ?? {};
  if (!statement.importClause || (bindings && !ts.isNamedImports(bindings))) {
    throw new Error(`${statement.getText()}: only imports of names are understood`);
  }
  return [
    ...(name ? [`import ${name.text} from ${from};`] : []),
    ...(bindings?.elements ?? []).map((one) => `import { ${one.getText()} } from ${from};`),
  ];
}

/** What a statement declares for those behind it. */
function namesOf(statement: ts.Statement): string[] {
  if (ts.isFunctionDeclaration(statement)) return statement.name ? [statement.name.text] : [];
  if (!ts.isVariableStatement(statement)) return [];
  const namesIn = (name: ts.BindingName): string[] =>
    ts.isIdentifier(name)
      ? [name.text]
      : name.elements.flatMap((element) => (ts.isOmittedExpression(element) ? [] : namesIn(element.name)));
  return statement.declarationList.declarations.flatMap(({ name }) => namesIn(name));
}
