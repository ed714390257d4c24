/**
 * Writes what follows from the SDK's sources for its readers: the reference in `docs/reference`, one page for each area,
 * from the JSDoc of what is exported; `docs/errors.md`, from the catalogue of errors; and the JSON Schema of a grant file,
 * which is published with the code.
 *
 *     npm run reference              writes
 *     npm run reference -- --check   compares; names each file that differs and exits 1
 */
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { grantJsonSchema } from "#sdk/grant/grantJsonSchema.ts";
import { commandLine, readCommandLine } from "./commandLine.ts";
import { errorsPage } from "./reference/errorsPage.ts";

const root = resolve(import.meta.dirname, "..");
const sources = join(root, "packages/sdk/src");
const pages = "docs/reference";
const schema = "packages/sdk/schemas/grant-1.schema.json";

/** Areas with a page of their own; all else that the main entry exports is on the page `index`. */
const AREAS = [
  "propose",
  "grant",
  "owner",
  "agent",
  "session",
  "accounts",
  "errors",
  "review",
  "handoff",
  "history",
  "permissions",
  "encoding",
  "addresses",
];

const { check } = readCommandLine<{ check: boolean }>(
  commandLine(
    "npm run reference --",
    "Writes the SDK's reference, the page of errors and the schema of a grant file.",
  ).option("--check", "write nothing; name each file that differs, and exit 1", false),
);
const { Application } = await import("typedoc");

/** The pages as TypeDoc makes them, by path. */
async function renderPages(): Promise<Map<string, string>> {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-reference-"));
  try {
    const app = await Application.bootstrapWithPlugins({
      entryPoints: [
        ...AREAS.map((area) => join(sources, area, "index.ts")),
        join(sources, "erc7579.ts"),
        join(sources, "node.ts"),
        join(sources, "redis.ts"),
        // Last: what an area has is only linked from here.
        join(sources, "index.ts"),
      ],
      tsconfig: join(root, "packages/sdk/tsconfig.json"),
      plugin: ["typedoc-plugin-markdown"],
      name: "@latchkey/sdk",
      readme: "none",
      // Bytecode and ABIs are long, and read by programs.
      exclude: ["**/generated/**"],
      excludeExternals: true,
      excludeInternal: true,
      disableSources: true,
      validation: false,
      logLevel: "Error",
      outputs: [{ name: "markdown", path: folder }],
      ...{
        outputFileStrategy: "modules",
        hideBreadcrumbs: true,
        hidePageHeader: true,
        parametersFormat: "table",
        interfacePropertiesFormat: "table",
        typeAliasPropertiesFormat: "table",
      },
    });
    const project = await app.convert();
    if (!project || app.logger.hasErrors()) throw new Error("TypeDoc could not read the SDK.");
    await app.generateOutputs(project);
    const note = "Generated from the SDK's JSDoc by `npm run reference`. Do not edit.\n";
    return new Map(
      globSync("**/*.md", { cwd: folder }).map((path) => {
        const text = readFileSync(join(folder, path), "utf8").trimEnd();
        return [`${pages}/${path}`, `${text}\n${path === "README.md" ? `\n${note}` : ""}`];
      }),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const wanted = await renderPages();
wanted.set("docs/errors.md", errorsPage());
wanted.set(schema, `${JSON.stringify(grantJsonSchema, undefined, 2)}\n`);
const present = globSync(`${pages}/**/*.md`, { cwd: root });
const drift: string[] = [];
for (const path of new Set([...wanted.keys(), ...present])) {
  const text = await readFile(join(root, path), "utf8").catch(() => undefined);
  if (text !== wanted.get(path)) drift.push(path);
}
for (const path of drift) {
  console.log(`reference: ${path} ${check ? "is out of date" : "written"}`);
  if (check) continue;
  const text = wanted.get(path);
  if (text === undefined) await rm(join(root, path));
  else {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
}
if (check && drift.length > 0) {
  console.log("reference: run npm run reference");
  process.exitCode = 1;
}
