import { existsSync, readFileSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, extname, join } from "node:path";
import ts from "typescript";
import { runWell } from "./run.ts";
import { root, type Tarball } from "./tarball.ts";

/** What the tests need of a package's package.json. */
export type Manifest = {
  version: string;
  exports: Record<string, string | { types: string; default: string }>;
  dependencies: Record<string, string>;
  peerDependencies: Record<string, string>;
  peerDependenciesMeta: Record<string, { optional: boolean }>;
};

/** What somebody has who starts from scratch: a folder with the tarball installed, and nothing that it does not ask for. */
export type Project = {
  folder: string;
  /** The installed package's own folder. */
  installed: string;
  manifest: Manifest;
  /** Copies a file of `test/package/consumers` into the project; TypeScript is compiled, its types thrown away. */
  add(consumer: string, path: string): Promise<string>;
  write(path: string, text: string): Promise<string>;
  remove(): Promise<void>;
};

/** Where npm put a package for the SDK: its own version, or the one that all share. */
export const placeOf = (name: string) =>
  [join(root, "packages/sdk/node_modules", name), join(root, "node_modules", name)].find(existsSync) ??
  join(root, "node_modules", name);

/**
 * Makes a fresh project, outside of the repository, so that only its own node_modules are found. The tarball is
 * unpacked into it as npm would; its dependencies, and its peers that are not optional, are links to those of the
 * repository, so that no registry is asked.
 *
 * @param extra Other packages that the project has, by name.
 */
export async function createProject(tarball: Tarball, extra: readonly string[] = []): Promise<Project> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "latchkey-project-")));
  const installed = join(folder, "node_modules/@latchkey/sdk");
  const write = async (path: string, text: string) => {
    const file = join(folder, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
    return file;
  };
  await write("package.json", JSON.stringify({ name: "newcomer", private: true, type: "module" }));
  await mkdir(installed, { recursive: true });
  await runWell(folder, "tar", ["-xzf", tarball.path, "-C", installed, "--strip-components=1"]);
  const manifest: Manifest = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
  const peers = Object.keys(manifest.peerDependencies).filter(
    (name) => !manifest.peerDependenciesMeta[name]?.optional,
  );
  for (const name of [...Object.keys(manifest.dependencies), ...peers, ...extra]) {
    const link = join(folder, "node_modules", name);
    await mkdir(dirname(link), { recursive: true });
    await symlink(placeOf(name), link, "dir");
  }
  return {
    folder,
    installed,
    manifest,
    write,
    async add(consumer, path) {
      const source = join(import.meta.dirname, "consumers", consumer);
      const module = { ".mjs": ts.ModuleKind.ESNext, ".cjs": ts.ModuleKind.CommonJS }[extname(path)];
      if (module === undefined) {
        await mkdir(dirname(join(folder, path)), { recursive: true });
        await copyFile(source, join(folder, path));
        return join(folder, path);
      }
      const { outputText } = ts.transpileModule(readFileSync(source, "utf8"), {
        fileName: source,
        compilerOptions: { module, target: ts.ScriptTarget.ES2022 },
      });
      return write(path, outputText);
    },
    remove: () => rm(folder, { recursive: true }),
  };
}
