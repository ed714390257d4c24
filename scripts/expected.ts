/**
 * Writes what follows from the build into deployments/: the expected addresses, and the files of this version. Refuses
 * to change a version that is released.
 *
 *     npm run expected               writes
 *     npm run expected -- --check    compares; names each file that differs and exits 1
 *     npm run release                writes, and declares this version released: its code is final
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { parseArgs } from "node:util";
import { ROOT, readCompiledContracts } from "./deploy/CompiledContract.ts";
import { DeployError } from "./deploy/DeployError.ts";
import { publishedFiles } from "./deploy/expected.ts";
import { packageVersion } from "./deploy/packageVersion.ts";
import { reportError } from "./deploy/reportError.ts";
import { requireReleasedCode } from "./deploy/requireReleasedCode.ts";
import { sourceCommit } from "./deploy/sourceCommit.ts";
import { makeVersionFile, versionFilePath } from "./deploy/VersionFile.ts";
import { writeJson } from "./deploy/writeJson.ts";

const { values } = parseArgs({
  options: {
    check: { type: "boolean", default: false },
    release: { type: "boolean", default: false },
    out: { type: "string", default: join(ROOT, "deployments") },
  },
});

async function run(): Promise<number> {
  const [version, contracts] = await Promise.all([packageVersion(), readCompiledContracts()]);
  const isReleased = await requireReleasedCode(values.out, version, contracts);
  const files = await publishedFiles(values.out, version, contracts);
  let differing = 0;
  for (const [path, content] of files) {
    if ((await readFile(path, "utf8").catch(() => undefined)) === content) continue;
    differing++;
    if (values.check) console.error(`${relative(ROOT, path)}: is not what the build says`);
    else {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, content);
    }
  }
  if (values.check && differing > 0) {
    console.error("Run `npm run expected` and commit the result.");
    return 1;
  }
  if (values.release && !isReleased) {
    // What nobody can check out again is no release.
    if ((await sourceCommit()) === null)
      throw new DeployError(
        "NOT_RELEASED_CODE",
        "The sources have changes that are in no commit: commit them first.",
      );
    for (const contract of contracts)
      await writeJson(
        versionFilePath(values.out, version, contract.name),
        await makeVersionFile(values.out, version, contract, true),
      );
  }
  const state = isReleased || values.release ? "released" : "not released";
  console.log(`expected: ${files.size} files of version ${version}, ${state}; ${differing} differed`);
  return 0;
}

try {
  process.exitCode = await run();
} catch (error) {
  process.exitCode = reportError(error, false);
}
