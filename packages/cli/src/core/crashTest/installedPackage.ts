import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** A package as the user's folder has it. */
export type InstalledPackage = {
  /** Of the entry that was asked for. */
  path: string;
  version: string;
};

/**
 * Finds a package from a folder, as a program there would, without loading it.
 *
 * @param entry A package, or one of its entries: "@x402/evm/exact/client".
 * @returns Undefined if it is not installed there.
 */
export function installedPackage(folder: string, entry: string): InstalledPackage | undefined {
  let path: string;
  try {
    path = createRequire(join(folder, "package.json")).resolve(entry);
  } catch {
    return undefined;
  }
  for (let at = dirname(path); at !== dirname(at); at = dirname(at)) {
    const version = versionIn(join(at, "package.json"));
    if (version !== undefined) return { path, version };
  }
  return undefined;
}

/** Undefined for the files that only say what kind of modules a folder has. */
function versionIn(path: string): string | undefined {
  try {
    return (JSON.parse(readFileSync(path, "utf8")) as { version?: string }).version;
  } catch {
    return undefined;
  }
}
