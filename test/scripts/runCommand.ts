import { spawn } from "node:child_process";
import { join, resolve } from "node:path";
import { FROM_SOURCES } from "../../scripts/fromSources.ts";

/** How a command ended; without a code if it was killed. */
export type Run = { code: number | null; stdout: string; stderr: string };

/** What a command finds. */
export type Surroundings = {
  /** Variables, besides harmless ones. */
  env?: Record<string, string>;
  /** Where Hardhat looks for its keystore: a folder of its own. */
  config: string;
  /** What is typed. */
  input?: string;
  /** Kills it, without a chance to tidy up, as soon as it has said this on the error output. */
  killAfter?: RegExp;
  /** Of the repository whose command it is; default: this one. */
  folder?: string;
};

const root = resolve(import.meta.dirname, "../..");

/** Variables that would reach from the machine, or from the runner of these tests, into a command. */
const foreign =
  /_RPC_URL$|^LATCHKEY_|^ETHERSCAN_|^SOURCIFY_|^NODE_OPTIONS$|^HH_|^GIT_|^XDG_CONFIG_HOME$|^CI$/;

/**
 * Runs one of the repository's scripts as npm does, without a terminal.
 *
 * @param script As in package.json: `deploy` is scripts/deploy.ts.
 */
export function runCommand(
  script: string,
  args: readonly string[],
  surroundings: Surroundings,
): Promise<Run> {
  const { folder = root } = surroundings;
  return runNode(
    ["--no-warnings", FROM_SOURCES, join(folder, `scripts/${script}.ts`), ...args],
    surroundings,
  );
}

/** Puts a value into the keystore that needs no password, as a person would. */
export async function setInKeystore(name: string, value: string, config: string): Promise<void> {
  const cli = join(root, "node_modules/hardhat/dist/src/cli.js");
  const { code, stderr } = await runNode([cli, "keystore", "set", "--dev", name], {
    config,
    input: `${value}\n`,
  });
  if (code !== 0) throw new Error(`${name} could not be stored: ${stderr}`);
}

/** The variables of a command: the machine's harmless ones, and some of its own. */
export const environmentOf = ({ env = {}, config }: Surroundings): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name))),
  XDG_CONFIG_HOME: config,
  ...env,
});

function runNode(args: readonly string[], surroundings: Surroundings): Promise<Run> {
  const { folder = root, input, killAfter } = surroundings;
  const env = environmentOf(surroundings);
  const child = spawn(process.execPath, args, { cwd: folder, env, stdio: "pipe" });
  child.stdin.end(input);
  const run: Run = { code: null, stdout: "", stderr: "" };
  child.stdout.on("data", (chunk) => {
    run.stdout += chunk;
  });
  child.stderr.on("data", (chunk) => {
    run.stderr += chunk;
    if (killAfter?.test(run.stderr)) child.kill("SIGKILL");
  });
  return new Promise((done, fail) => {
    child.on("error", fail);
    child.on("close", (code) => done({ ...run, code }));
  });
}
