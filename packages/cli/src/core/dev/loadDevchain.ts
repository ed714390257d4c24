import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type * as devchain from "@latchkey/devchain";
import metadata from "../../../package.json" with { type: "json" };
import { CommandError } from "../CommandError.ts";
import { EXIT } from "../exitCodes.ts";

/** What the package exports. */
export type Devchain = typeof devchain;

const { version } = metadata;

/**
 * Loads `@latchkey/devchain` as it is installed for a folder: it is too large to come with the command line.
 *
 * @throws {CommandError} NO_DEVCHAIN: it is not installed, or in another version than this program.
 */
export async function loadDevchain(folder: string): Promise<Devchain> {
  const { resolve } = createRequire(join(folder, "package.json"));
  let manifest: string;
  try {
    manifest = resolve("@latchkey/devchain/package.json");
  } catch (cause) {
    throw missing(`@latchkey/devchain is not installed in ${folder}.`, cause);
  }
  const installed = (JSON.parse(await readFile(manifest, "utf8")) as { version: string }).version;
  if (installed !== version)
    throw missing(`@latchkey/devchain is installed in version ${installed}, and latchkey is ${version}.`);
  try {
    return (await import(pathToFileURL(resolve("@latchkey/devchain")).href)) as Devchain;
  } catch (cause) {
    throw missing(`@latchkey/devchain cannot be loaded: ${(cause as Error).message}`, cause);
  }
}

const missing = (message: string, cause?: unknown) =>
  new CommandError({
    code: "NO_DEVCHAIN",
    exitCode: EXIT.network,
    message,
    whatToDo: [`npm install @latchkey/devchain@${version}`],
    cause,
  });
