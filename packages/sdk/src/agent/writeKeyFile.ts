import type { Hex } from "viem";
import { generatePrivateKey, type PrivateKeyAccount, privateKeyToAccount } from "viem/accounts";
import { writePrivateFile } from "../internal/writePrivateFile.ts";
import { keyFileError } from "./keyFileError.ts";

/**
 * Creates a key for an agent's session and saves it in a file that only its user can read (mode 0600), apart from the
 * grant. The file is written completely or not at all, and never overwrites another one: an overwritten key is
 * lost. The mode has no effect on Windows: choose a folder that others cannot read.
 *
 * @param path Of the file; its folder must exist.
 * @param options.privateKey An existing key, 32 bytes. Default: a new one.
 * @returns The key as a viem account; its address is what a session names as `key`.
 * @throws {InvalidInput} KEY_FILE: the file exists or cannot be written, or the key is not valid.
 *
 * @example
 * const key = await writeKeyFile("agent.key.json");
 * const proposal = await proposeSession(client, { account, key, budgets, until: "7d" });
 */
export async function writeKeyFile(
  path: string,
  { privateKey = generatePrivateKey() }: { privateKey?: Hex } = {},
): Promise<PrivateKeyAccount> {
  let key: PrivateKeyAccount;
  try {
    key = privateKeyToAccount(privateKey);
  } catch {
    // The error of the curve library quotes the key.
    throw keyFileError(
      path,
      "was not written: the private key is not valid",
      "Pass 32 bytes of hex, or omit it.",
    );
  }
  const contents = { format: "latchkey-key", version: 1, address: key.address, privateKey };
  try {
    await writePrivateFile(path, `${JSON.stringify(contents, undefined, 2)}\n`, { replace: false });
  } catch (cause) {
    const isTaken = (cause as NodeJS.ErrnoException).code === "EEXIST";
    throw keyFileError(
      path,
      isTaken ? "already exists" : "cannot be written",
      isTaken
        ? "Read it with readKeyFile, or choose another name: an overwritten key is lost."
        : "Check that its folder exists and is writable, on a file system with hard links.",
      cause,
    );
  }
  return key;
}
