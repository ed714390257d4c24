import { rmSync } from "node:fs";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { runWell } from "./run.ts";

/** The repository. */
export const root = resolve(import.meta.dirname, "../..");

const sdk = join(root, "packages/sdk");

/** What `npm pack` made. */
export type Tarball = {
  /** Where it is. */
  path: string;
  /** Paths in the package, sorted. */
  files: readonly string[];
};

/**
 * Builds the SDK from its sources and packs it, in a folder of its own: other suites and `packages/sdk/dist` are not
 * disturbed, and nothing old is packed. Types are not checked here; `npm run types` does that.
 *
 * @param folder Where the package is put together and the tarball is left.
 */
export async function packSdk(folder: string): Promise<Tarball> {
  const stage = join(folder, "stage");
  const left = ["node_modules", "dist"].map((name) => join(sdk, name));
  await cp(sdk, stage, { recursive: true, filter: (path) => !left.includes(path) });
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  // Source maps would lead from the other folder back to this one; in the package the sources' place is beside `dist`.
  const places = ["--outDir", join(stage, "dist"), "--sourceRoot", "../src"];
  await runWell(root, process.execPath, [tsc, "-p", sdk, "--noCheck", ...places]);
  // The only script that packing would run is the build, which was just done.
  const args = ["pack", "--ignore-scripts", "--offline", "--json", "--pack-destination", folder];
  const [packed] = JSON.parse(await runWell(stage, "npm", args)) as [
    { filename: string; files: { path: string }[] },
  ];
  await rm(stage, { recursive: true });
  return { path: join(folder, packed.filename), files: packed.files.map(({ path }) => path).sort() };
}

let tarball: Promise<Tarball> | undefined;

/** The tarball that all tests of one run share. It is made on the first call, which takes some seconds. */
export function sharedTarball(): Promise<Tarball> {
  tarball ??= mkdtemp(join(tmpdir(), "latchkey-tarball-")).then((folder) => {
    process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
    return packSdk(folder);
  });
  return tarball;
}
