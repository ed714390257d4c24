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
export type Published = "sdk" | "devchain" | "page" | "agent-tools" | "cli";

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
  await build(name, source, join(stage, "dist"));
  // The only script that packing would run is the build, which was just done.
  const args = ["pack", "--ignore-scripts", "--offline", "--json", "--pack-destination", folder];
  const [packed] = JSON.parse(await runWell(stage, "npm", args)) as [
    { filename: string; files: { path: string }[] },
  ];
  await rm(stage, { recursive: true });
  return { path: join(folder, packed.filename), files: packed.files.map(({ path }) => path).sort() };
}

/** Builds a package from its sources, as its own script does, into another folder. */
async function build(name: Published, source: string, dist: string): Promise<void> {
  const node = (...args: string[]) => runWell(root, process.execPath, args);
  if (name === "cli") return void (await node("--no-warnings", join(source, "scripts/bundle.ts"), dist));
  if (name === "page") {
    const vite = join(root, "node_modules/vite/bin/vite.js");
    const args = [vite, "build", "--logLevel", "warn", "--outDir", dist];
    return void (await runWell(source, process.execPath, args));
  }
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  // Source maps would lead from the other folder back to this one; in the package the sources' place is beside `dist`.
  await node(tsc, "-p", source, "--noCheck", "--outDir", dist, "--sourceRoot", "../src");
  if (name === "sdk") await node(join(source, "scripts/commonjs.mjs"), dist);
  if (name === "devchain") await node("--no-warnings", join(source, "scripts/contracts.ts"), dist);
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
