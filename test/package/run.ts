import { spawn } from "node:child_process";

/** How a process ended. */
export type Ended = { code: number | null; stdout: string; stderr: string };

/** What would make another Node or another Hardhat of a user's: this process has its own configuration in there. Not the registry's certificate. */
const isOurs = (name: string) =>
  /^(NODE_|HARDHAT_|FORCE_COLOR$)/.test(name) && name !== "NODE_EXTRA_CA_CERTS";

/**
 * Runs a program to its end, without what this process tells Node and Hardhat by its environment.
 *
 * @param folder Its working directory.
 */
export function run(folder: string, command: string, args: readonly string[]): Promise<Ended> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !isOurs(name)));
  const child = spawn(command, args, {
    cwd: folder,
    env: { ...env, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended: Ended = { code: null, stdout: "", stderr: "" };
  child.stdout.on("data", (chunk) => {
    ended.stdout += chunk;
  });
  child.stderr.on("data", (chunk) => {
    ended.stderr += chunk;
  });
  return new Promise((done, fail) => {
    child.on("error", fail);
    child.on("close", (code) => done({ ...ended, code }));
  });
}

/** As {@link run}, of a program that must succeed. @returns What it printed. @throws What it complained of. */
export async function runWell(folder: string, command: string, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(folder, command, args);
  if (code !== 0) throw new Error(`${command} ${args.join(" ")}: exit ${code}\n${stdout}${stderr}`);
  return stdout;
}
