import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Hex } from "viem";

const require = createRequire(import.meta.url);

/** Where a library's address belongs in a bytecode, in bytes from its beginning. */
type LinkReferences = Record<string, Record<string, { start: number; length: number }[]>>;

/** The part of a compiler's artifact that the build needs. */
export type Artifact = {
  contractName: string;
  /** Creation code. */
  bytecode: Hex;
  /** Runtime code, before its immutables are set. */
  deployedBytecode: Hex;
  deployedLinkReferences?: LinkReferences;
};

/**
 * Reads a JSON file out of an npm package: the artifact of a contract, if nothing else is said.
 * @param path Package name and path of the file.
 */
export const readPackageJsonFile = <File = Artifact>(path: string): File =>
  JSON.parse(readFileSync(require.resolve(path), "utf8")) as File;

/** The folder of an installed package. */
export function packageFolder(name: string): string {
  const paths = require.resolve.paths(name) ?? [];
  const folder = paths.map((path) => join(path, name)).find((path) => existsSync(join(path, "package.json")));
  if (!folder) throw new Error(`${name} is not installed`);
  return folder;
}
