import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chmodSync, rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "../..");
let bundled: Promise<string> | undefined;

/**
 * The command line as it is published, bundled from its sources once for all tests of a run.
 *
 * @returns Its entry.
 */
export function bundle(): Promise<string> {
  bundled ??= scratchFolder().then(({ path }) => {
    process.on("exit", () => rmSync(path, { recursive: true, force: true }));
    const dist = join(path, "dist");
    // Some tests run it as another user.
    chmodSync(path, 0o755);
    const script = join(root, "packages/cli/scripts/bundle.ts");
    const { status, stderr } = spawnSync(process.execPath, ["--no-warnings", script, dist], {
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(`the bundle failed: ${stderr}`);
    return join(dist, "latchkey.js");
  });
  return bundled;
}

/** How a command ended; without a code if a signal killed it. */
export type Ended = { code: number | null; signal: NodeJS.Signals | null; stdout: string; stderr: string };

/** A command that runs. */
export type Running = {
  child: ChildProcess;
  /** What it has printed so far. */
  printed: { stdout: string; stderr: string };
  /** Waits until it has printed this, on either stream. @throws If it ends before. */
  until(pattern: RegExp): Promise<RegExpExecArray>;
  ended: Promise<Ended>;
};

/** What a command finds. */
export type Surroundings = {
  /** LATCHKEY_HOME. */
  home: string;
  env?: Record<string, string>;
  /** What comes in on stdin. */
  input?: string | Uint8Array;
  /** The working directory. */
  cwd?: string;
  /** Most that a file may hold, in blocks of 512 bytes: beyond it, writing fails as on a full disk. */
  fileLimit?: number;
  /** Who runs it; as root, no file is read-only. Default: who runs the tests. */
  uid?: number;
};

/** Variables that would reach from the machine, or from the runner of these tests, into a command. */
const foreign = /^LATCHKEY_|^XDG_|^NODE_OPTIONS$|^NO_COLOR$|^FORCE_COLOR$|^CI$/;

const environmentOf = ({ home, env = {} }: Surroundings) => ({
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name))),
  LATCHKEY_HOME: home,
  ...env,
});

/** Starts the command line as a process of its own. */
export async function startLatchkey(surroundings: Surroundings, ...typed: string[]): Promise<Running> {
  const words = [process.execPath, await bundle(), ...typed];
  const { fileLimit } = surroundings;
  const [program = "", ...rest] =
    fileLimit === undefined ? words : ["sh", "-c", `ulimit -f ${fileLimit}; exec "$0" "$@"`, ...words];
  const child = spawn(program, rest, {
    env: environmentOf(surroundings),
    ...(surroundings.cwd === undefined ? {} : { cwd: surroundings.cwd }),
    ...(surroundings.uid === undefined ? {} : { uid: surroundings.uid, gid: surroundings.uid }),
    stdio: "pipe",
  });
  child.stdin.on("error", () => {});
  child.stdin.end(surroundings.input);
  const printed = { stdout: "", stderr: "" };
  const waiting = new Set<() => void>();
  for (const name of ["stdout", "stderr"] as const)
    child[name].on("data", (chunk) => {
      printed[name] += chunk;
      for (const look of waiting) look();
    });
  const ended = new Promise<Ended>((done, fail) => {
    child.on("error", fail);
    child.on("close", (code, signal) => done({ ...printed, code, signal }));
  });
  return {
    child,
    printed,
    ended,
    until: (pattern) =>
      new Promise((done, fail) => {
        const look = () => {
          const found = pattern.exec(printed.stdout) ?? pattern.exec(printed.stderr);
          if (!found) return;
          waiting.delete(look);
          done(found);
        };
        waiting.add(look);
        look();
        ended.then(({ code, stdout, stderr }) =>
          fail(new Error(`ended with ${code} before ${pattern}:\n${stdout}\n${stderr}`)),
        );
      }),
  };
}

/** Runs the command line to its end. */
export const latchkey = async (surroundings: Surroundings, ...typed: string[]): Promise<Ended> =>
  (await startLatchkey(surroundings, ...typed)).ended;

/** A new folder for one test or file. */
export async function scratchFolder(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), "latchkey-cli-"));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
