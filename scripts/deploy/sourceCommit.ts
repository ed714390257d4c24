import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { ROOT } from "./CompiledContract.ts";

/** What decides which code is compiled, and as which version. */
const sources = ["contracts", "hardhat.config.ts", "package.json", "package-lock.json"];

/** The git commit that the contracts are compiled from; null without git, or if the sources differ from it. */
export async function sourceCommit(): Promise<string | null> {
  const git = (...args: string[]) => promisify(execFile)("git", args, { cwd: ROOT });
  try {
    const { stdout: changed } = await git("status", "--porcelain", "--", ...sources);
    if (changed.trim() !== "") return null;
    return (await git("rev-parse", "HEAD")).stdout.trim();
  } catch {
    return null;
  }
}
