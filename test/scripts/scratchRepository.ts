import { execFile } from "node:child_process";
import { cp, mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { ROOT, readCompiledContracts } from "../../scripts/deploy/CompiledContract.ts";
import { recordPath } from "../../scripts/deploy/Deployment.ts";
import { packageVersion } from "../../scripts/deploy/packageVersion.ts";
import { makeVersionFile, recordedChains, versionFilePath } from "../../scripts/deploy/VersionFile.ts";
import { writeJson } from "../../scripts/deploy/writeJson.ts";
import { newFolder } from "./deployChain.ts";

/** What of the repository a build, a deployment and a release need. */
const needed = [
  ".gitignore",
  ".npmrc",
  "contracts",
  "deployments",
  "hardhat.config.ts",
  "llms.txt",
  "package-lock.json",
  "package.json",
  "packages",
  "scripts",
  "skills",
  "test/mocks",
  "tsconfig.json",
];

/**
 * A git repository of its own with a copy of this one's files, its build and one commit, in which nothing is deployed
 * or released yet. Nothing that is done in it reaches this one; others' packages are this one's, by links.
 */
export async function openScratchRepository() {
  const folder = await newFolder();
  const isLeftOut = (path: string) => /(^|[\\/])(node_modules|dist)$/.test(path);
  const copy = async (path: string) => {
    await mkdir(join(folder, path, ".."), { recursive: true });
    await cp(join(ROOT, path), join(folder, path), { recursive: true, filter: (from) => !isLeftOut(from) });
  };
  await Promise.all([...needed, "artifacts", "cache"].map(copy));
  const packages = join(folder, "node_modules");
  await mkdir(packages);
  for (const name of await readdir(join(ROOT, "node_modules")))
    if (name !== "@latchkey") await symlink(join(ROOT, "node_modules", name), join(packages, name));
  // The packages of the repository are those of the copy.
  await cp(join(ROOT, "node_modules/@latchkey"), join(packages, "@latchkey"), {
    recursive: true,
    verbatimSymlinks: true,
  });
  // Hardhat knows what is compiled by its place; without this it would compile everything once more.
  const cache = join(folder, "cache/compile-cache.json");
  const places = await readFile(cache, "utf8");
  await writeFile(cache, places.replaceAll(JSON.stringify(`${ROOT}/`).slice(0, -1), `"${folder}/`));
  const deployments = join(folder, "deployments");
  for (const chainId of await recordedChains(deployments)) await rm(recordPath(deployments, chainId));
  const version = await packageVersion();
  for (const contract of await readCompiledContracts())
    await writeJson(
      versionFilePath(deployments, version, contract.name),
      await makeVersionFile(deployments, version, contract, false),
    );
  const git = async (...args: string[]) =>
    (await promisify(execFile)("git", args, { cwd: folder, env: gitEnvironment })).stdout.trim();
  await git("init", "--quiet", "--initial-branch", "main");
  await git("add", "--all");
  await git("commit", "--quiet", "--message", "All of it");
  return { folder, git };
}

/** The machine that runs the tests may have no name for git, or sign what they commit. */
export const gitEnvironment = {
  PATH: process.env.PATH ?? "",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_AUTHOR_NAME: "A maintainer",
  GIT_AUTHOR_EMAIL: "maintainer@example.invalid",
  GIT_COMMITTER_NAME: "A maintainer",
  GIT_COMMITTER_EMAIL: "maintainer@example.invalid",
};
