/**
 * Where Chromium is, for the tests of the page: `CHROMIUM_PATH`, or the first that is found under the usual names. As
 * root on Debian a missing one is installed from the distribution.
 *
 *     node scripts/chromium.ts        prints the path
 */
import { spawnSync } from "node:child_process";
import { accessSync, constants, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Most like Debian's first. Chrome takes the same commands. */
const NAMES = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

function installed(): string | undefined {
  const folders = (process.env.PATH ?? "").split(delimiter).filter(Boolean);
  return NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
}

/** Debian itself: what the package `chromium` is elsewhere, nobody here knows. */
const isDebian = (): boolean => {
  try {
    return /^ID="?debian"?$/m.test(readFileSync("/etc/os-release", "utf8"));
  } catch {
    return false;
  }
};

/** Installs Debian's Chromium. @throws With what apt-get said last. */
function install(): void {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  for (const args of [
    ["-qq", "update"],
    ["-qq", "install", "--yes", "--no-install-recommends", "chromium"],
  ]) {
    const { status, stderr, error } = spawnSync("apt-get", args, { env, encoding: "utf8" });
    if (status !== 0)
      throw new Error(
        `apt-get ${args.join(" ")} failed: ${error?.message ?? stderr.trim().split("\n").at(-1)}`,
      );
  }
}

/**
 * The path of a Chromium that can be started.
 * @throws If there is none, with what to install; if CHROMIUM_PATH names none; if it could not be installed.
 */
export function findChromium(): string {
  const named = process.env.CHROMIUM_PATH;
  if (named) {
    if (isExecutable(named)) return named;
    throw new Error(`CHROMIUM_PATH is ${named}, where there is no program to start.`);
  }
  const found = installed();
  if (found) return found;
  if (isDebian() && process.getuid?.() === 0) {
    install();
    const now = installed();
    if (now) return now;
  }
  throw new Error(
    "The tests of the page need Chromium, and none is installed. Install the package chromium (Debian: apt-get install chromium), or name another one in CHROMIUM_PATH.",
  );
}

if (import.meta.main) {
  try {
    console.log(findChromium());
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
