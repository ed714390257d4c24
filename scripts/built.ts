/**
 * Runs a script after a build, unless its command line asks for help or cannot be read: nobody waits for a build to learn
 * what an option is called.
 *
 *     node scripts/built.ts <build|compile> <script> [what was typed behind the command]
 */
import { spawn, spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { ONLY_READ } from "./commandLine.ts";
import { FROM_SOURCES } from "./fromSources.ts";
import { npmCommand } from "./npmCommand.ts";

const [build = "", script = "", ...typed] = process.argv.slice(2);
const root = resolve(import.meta.dirname, "..");
const command = ["--no-warnings", FROM_SOURCES, resolve(root, script), ...typed];

const read = spawnSync(process.execPath, command, {
  stdio: "inherit",
  env: { ...process.env, [ONLY_READ]: "1" },
});
if (read.status !== 0 || typed.some((word) => word === "--help" || word === "-h"))
  process.exit(read.status ?? 1);

// The build's output is not part of the script's.
const npm = npmCommand(["run", "--silent", build]);
const built = spawnSync(npm.command, npm.args, { cwd: root, stdio: ["ignore", 2, 2] });
if (built.status !== 0) process.exit(built.status ?? 1);

const child = spawn(process.execPath, command, { stdio: "inherit" });
// Ctrl-C reaches the script by itself: this process waits for what it does about it.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => child.kill("SIGTERM"));
child.on("close", (code, signal) => process.exit(code ?? (signal ? 1 : 0)));
