import type { PrivateKeyAccount } from "viem/accounts";
import { hasCause } from "../errors/causes.ts";
import { readKeyFile } from "./readKeyFile.ts";
import { writeKeyFile } from "./writeKeyFile.ts";

/**
 * Reads the key of an agent's session from its file, and creates the file if there is none: what an agent calls when it
 * starts. If several processes start at once, one creates the key, and all get the same one.
 *
 * @param path Of the file; its folder must exist.
 * @returns The key as a viem account; its address is what a session names as `key`.
 * @throws {InvalidInput} KEY_FILE: as {@link readKeyFile} and {@link writeKeyFile}. A file that cannot be read is never
 * replaced.
 *
 * @example
 * const key = await ensureKey("agent.key.json");
 */
export async function ensureKey(path: string): Promise<PrivateKeyAccount> {
  try {
    return await readKeyFile(path);
  } catch (error) {
    if (!isFileError(error, "ENOENT")) throw error;
  }
  try {
    return await writeKeyFile(path);
  } catch (error) {
    if (!isFileError(error, "EEXIST")) throw error;
    // Another process was first: its file is complete.
    return readKeyFile(path);
  }
}

const isFileError = (error: unknown, code: string): boolean =>
  hasCause(error, (cause) => (cause as NodeJS.ErrnoException).code === code);
