import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ROOT } from "./CompiledContract.ts";

/** The version of the repository, which its contracts are deployed and released as. */
export async function packageVersion(): Promise<string> {
  return JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")).version;
}
