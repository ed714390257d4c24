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

/** Installs Debian's Chromium, from the lists that are there or, where they are missing or old, from new ones. */
function install(): void {
  if (apt("install", "--yes", "--no-install-recommends", "chromium") === undefined) return;
  apt("update");
  const fault = apt("install", "--yes", "--no-install-recommends", "chromium");
  if (fault !== undefined) throw new Error(`Chromium could not be installed by apt-get: ${fault}`);
}

/** Runs apt-get. @returns What it said last, if it failed. */
function apt(...command: string[]): string | undefined {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const patience = ["-qq", "-o", "DPkg::Lock::Timeout=120", "-o", "Acquire::Retries=3"];
  const { status, stderr, error } = spawnSync("apt-get", [...patience, ...command], {
    env,
    encoding: "utf8",
  });
  return status === 0 ? undefined : (error?.message ?? stderr.trim().split("\n").at(-1) ?? `exit ${status}`);
}

/**
 * The path of a Chromium that can be started.
 * @throws If there is none, with what to install; if CHROMIUM_PATH names none; if it could not be installed.
 */
export function findChromium(): string {
  const named = process.env.CHROMIUM_PATH;
  if (named) {
    if (isExecutable(named)) return named;
    throw new Error(`CHROMIUM_PATH is ${named}, which is not an executable file.`);
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
