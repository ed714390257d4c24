/**
 * Bundles the command line into `dist`, with everything it needs but Node: what users install has no dependencies.
 * `dist/THIRD-PARTY.txt` has the licences of what was bundled; `dist/llms.txt` and `dist/SKILL.md` are for models.
 *
 *     node scripts/bundle.ts [folder]
 */
import { chmodSync, copyFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { build } from "esbuild";
import { thirdPartyLicences } from "./thirdPartyLicences.ts";

const root = resolve(import.meta.dirname, "..");
const folder = resolve(process.argv[2] ?? join(root, "dist"));

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const { metafile } = await build({
  absWorkingDir: resolve(root, "../.."),
  entryPoints: [join(root, "src/latchkey.ts")],
  outdir: folder,
  bundle: true,
  // A command loads its own part alone.
  splitting: true,
  chunkNames: "chunk-[hash]",
  format: "esm",
  platform: "node",
  target: "node20",
  // The repository's packages from their sources, so that nothing old is bundled.
  conditions: ["@latchkey/source"],
  // Some dependencies are CommonJS, which asks for Node's modules by `require`.
  banner: {
    js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
  },
  legalComments: "none",
  metafile: true,
  logLevel: "warning",
});
chmodSync(join(folder, "latchkey.js"), 0o755);
writeFileSync(join(folder, "THIRD-PARTY.txt"), thirdPartyLicences(Object.keys(metafile.inputs)));
for (const path of ["llms.txt", "skills/latchkey/SKILL.md"])
  copyFileSync(join(root, "../..", path), join(folder, basename(path)));
