/**
 * Writes the package once more for CommonJS, into `cjs` of the build's folder: the same sources, and the declarations that
 * `tsc` wrote beside. A `package.json` there tells Node and TypeScript that these files are CommonJS.
 *
 *     node scripts/commonjs.mjs [dist]
 */
import { cpSync, globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import ts from "typescript";

const root = resolve(import.meta.dirname, "..");
const dist = resolve(root, process.argv[2] ?? "dist");
const target = join(dist, "cjs");

for (const file of globSync("**/*.ts", { cwd: join(root, "src") })) {
  const module = file.slice(0, -".ts".length);
  const { outputText } = ts.transpileModule(readFileSync(join(root, "src", file), "utf8"), {
    fileName: file,
    compilerOptions: {
      module: ts.ModuleKind.CommonJS,
      target: ts.ScriptTarget.ES2022,
      rewriteRelativeImportExtensions: true,
    },
  });
  mkdirSync(dirname(join(target, module)), { recursive: true });
  writeFileSync(join(target, `${module}.js`), outputText);
  cpSync(join(dist, `${module}.d.ts`), join(target, `${module}.d.ts`));
}
writeFileSync(join(target, "package.json"), '{ "type": "commonjs" }\n');
