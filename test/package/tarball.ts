import { rmSync } from "node:fs";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { runWell } from "./run.ts";

/** The repository. */
export const root = resolve(import.meta.dirname, "../..");

/** What `npm pack` made. */
export type Tarball = {
  /** Where it is. */
  path: string;
  /** Paths in the package, sorted. */
  files: readonly string[];
};

/** The packages that are published. */
export type Published = "sdk" | "devchain" | "cli";

/**
 * Builds a package from its sources and packs it, in a folder of its own: other suites and the package's `dist` are not
 * disturbed, and nothing old is packed. Types are not checked here; `npm run types` does that.
 *
 * @param folder Where the package is put together and the tarball is left.
 */
export async function pack(name: Published, folder: string): Promise<Tarball> {
  const source = join(root, "packages", name);
  const stage = join(folder, "stage");
  const left = ["node_modules", "dist"].map((part) => join(source, part));
  await cp(source, stage, { recursive: true, filter: (path) => !left.includes(path) });
  if (name === "cli") {
    const bundle = ["--no-warnings", join(source, "scripts/bundle.ts"), join(stage, "dist")];
    await runWell(root, process.execPath, bundle);
  } else await compile(name, source, stage);
  // The only script that packing would run is the build, which was just done.
  const args = ["pack", "--ignore-scripts", "--offline", "--json", "--pack-destination", folder];
  const [packed] = JSON.parse(await runWell(stage, "npm", args)) as [
    { filename: string; files: { path: string }[] },
  ];
  await rm(stage, { recursive: true });
  return { path: join(folder, packed.filename), files: packed.files.map(({ path }) => path).sort() };
}

/** Compiles a package's sources into its stage. */
async function compile(name: Published, source: string, stage: string): Promise<void> {
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  // Source maps would lead from the other folder back to this one; in the package the sources' place is beside `dist`.
  const places = ["--outDir", join(stage, "dist"), "--sourceRoot", "../src"];
  await runWell(root, process.execPath, [tsc, "-p", source, "--noCheck", ...places]);
  if (name === "sdk")
    await runWell(root, process.execPath, [join(source, "scripts/commonjs.mjs"), join(stage, "dist")]);
  if (name === "devchain") {
    const contracts = ["--no-warnings", join(source, "scripts/contracts.ts"), join(stage, "dist")];
    await runWell(root, process.execPath, contracts);
  }
}

const tarballs = new Map<Published, Promise<Tarball>>();

/** The tarball that all tests of one run share. It is made on the first call, which takes some seconds. */
export function sharedTarball(name: Published = "sdk"): Promise<Tarball> {
  const made =
    tarballs.get(name) ??
    mkdtemp(join(tmpdir(), "latchkey-tarball-")).then((folder) => {
      process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
      return pack(name, folder);
    });
  tarballs.set(name, made);
  return made;
}
