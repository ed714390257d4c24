/**
 * Writes what follows from the build into deployments/: the expected addresses, and the files of this version. Refuses
 * to change a version that is released.
 *
 *     npm run expected               writes
 *     npm run expected -- --check    compares; names each file that differs and exits 1
 *     npm run release                writes, and declares this version released: its code is final. Refuses a version
 *                                    that is released, and sources that are in no commit
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { commandLine, readCommandLine } from "./commandLine.ts";
import { ROOT, readCompiledContracts } from "./deploy/CompiledContract.ts";
import { DeployError } from "./deploy/DeployError.ts";
import { publishedFiles } from "./deploy/expected.ts";
import { deploymentAddress } from "./deploy/factories.ts";
import { packageVersion } from "./deploy/packageVersion.ts";
import { reportError } from "./deploy/reportError.ts";
import { requireReleasedCode } from "./deploy/requireReleasedCode.ts";
import { sourceCommit } from "./deploy/sourceCommit.ts";
import { makeVersionFile, versionFilePath } from "./deploy/VersionFile.ts";
import { writeJson } from "./deploy/writeJson.ts";

const values = readCommandLine<{ check: boolean; release: boolean; out: string }>(
  commandLine("npm run expected --", "Writes what follows from the build into deployments/.")
    .option("--check", "write nothing; name each file that differs, and exit 1", false)
    .option("--release", "declare this version released: what npm run release does", false)
    .option("--out <folder>", "where the records are", join(ROOT, "deployments")),
);

async function run(): Promise<number> {
  const [version, contracts] = await Promise.all([packageVersion(), readCompiledContracts()]);
  const isReleased = await requireReleasedCode(values.out, version, contracts);
  if (values.release) await requireReleasable(version, isReleased);
  const files = await publishedFiles(values.out, version, contracts);
  let differing = 0;
  for (const [path, content] of files) {
    if ((await readFile(path, "utf8").catch(() => undefined)) === content) continue;
    differing++;
    if (values.check) console.error(`${relative(ROOT, path)}: differs from the build`);
    else {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, content);
    }
  }
  if (values.check && differing > 0) {
    console.error("Run `npm run expected` and commit the result.");
    return 1;
  }
  if (values.release)
    for (const contract of contracts) {
      const path = versionFilePath(values.out, version, contract.name);
      await writeJson(path, await makeVersionFile(values.out, version, contract, true));
      console.log(`${relative(ROOT, path)}: released, ${deploymentAddress(contract.initCode)}`);
    }
  if (values.release)
    console.log(`Version ${version} is released: commit deployments/ and tag it v${version}.`);
  else
    console.log(
      `expected: ${files.size} files of version ${version}, ${isReleased ? "released" : "not released"}; ` +
        `${differing} differed`,
    );
  return 0;
}

/** Refuses before anything is written. */
async function requireReleasable(version: string, isReleased: boolean): Promise<void> {
  if (isReleased)
    throw new DeployError(
      "RELEASED",
      `Version ${version} is released, with the code of this build: nothing to do. The next release takes a new ` +
        "version in package.json.",
    );
  // A release must be in a commit, so that anyone can check it out.
  if ((await sourceCommit()) === null)
    throw new DeployError(
      "NOT_COMMITTED",
      "A release needs git, and no changes to what is compiled (contracts/, hardhat.config.ts, package.json, " +
        "package-lock.json): commit them first.",
    );
}

try {
  process.exitCode = await run();
} catch (error) {
  process.exitCode = reportError(error, false);
}
