import { spawnSync } from "node:child_process";
import { accessSync, constants, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";

/** A program that tests need and npm does not have. */
export type WantedProgram = {
  /** What a person calls it. */
  title: string;
  /** What needs it. */
  user: string;
  /** The environment variable that names another one. */
  variable: string;
  /** Its usual names, most like Debian's first. */
  names: readonly string[];
  /** Debian's package. */
  package: string;
};

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

function installed(names: readonly string[]): string | undefined {
  const folders = (process.env.PATH ?? "").split(delimiter).filter(Boolean);
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
}

/** Debian itself: what its packages are called elsewhere, nobody here knows. */
const isDebian = (): boolean => {
  try {
    return /^ID="?debian"?$/m.test(readFileSync("/etc/os-release", "utf8"));
  } catch {
    return false;
  }
};

/** Installs a package of Debian's, from the lists that are there or, where they are missing or old, from new ones. */
function install({ title, package: name }: WantedProgram): void {
  if (apt("install", "--yes", "--no-install-recommends", name) === undefined) return;
  apt("update");
  const fault = apt("install", "--yes", "--no-install-recommends", name);
  if (fault !== undefined) throw new Error(`${title} could not be installed by apt-get: ${fault}`);
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
 * The path of a program that can be started: the one that its variable names, or the first that is found under its usual
 * names. As root on Debian a missing one is installed from the distribution.
 *
 * @throws If there is none, with what to install; if the variable names none; if it could not be installed.
 */
export function findProgram(wanted: WantedProgram): string {
  const { title, user, variable, names } = wanted;
  const named = process.env[variable];
  if (named) {
    if (isExecutable(named)) return named;
    throw new Error(`${variable} is ${named}, which is not an executable file.`);
  }
  const found = installed(names);
  if (found) return found;
  if (isDebian() && process.getuid?.() === 0) {
    install(wanted);
    const now = installed(names);
    if (now) return now;
  }
  throw new Error(
    `${user} need ${title}, and none is installed. Install the package ${wanted.package} (Debian: apt-get install ${wanted.package}), or name another one in ${variable}.`,
  );
}
