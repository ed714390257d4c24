import type { Hex } from "viem";
import { generatePrivateKey, type PrivateKeyAccount, privateKeyToAccount } from "viem/accounts";
import { writePrivateFile } from "../internal/writePrivateFile.ts";
import { keyFileError } from "./keyFileError.ts";

/**
 * Makes a key for an agent's session and keeps it in a file that only its user may read (mode 0600), apart from the
 * grant. The file appears whole or not at all, and never takes the place of another one: a key that is overwritten is
 * lost. On Windows the mode means nothing: choose a folder that others cannot read.
 *
 * @param path Of the file; its folder must exist.
 * @param options.privateKey A key that there is already, 32 bytes. Default: a new one.
 * @returns The key as a viem account; its address is what a session names as `key`.
 * @throws {InvalidInput} KEY_FILE: there is a file of that name, or it cannot be written; or the key is none.
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
    // The error of the curve's library quotes the key.
    throw keyFileError(path, "was not written: that is no private key", "Pass 32 bytes of hex, or nothing.");
  }
  const contents = { format: "latchkey-key", version: 1, address: key.address, privateKey };
  try {
    await writePrivateFile(path, `${JSON.stringify(contents, undefined, 2)}\n`, { replace: false });
  } catch (cause) {
    const isTaken = (cause as NodeJS.ErrnoException).code === "EEXIST";
    throw keyFileError(
      path,
      isTaken ? "is there already" : "cannot be written",
      isTaken
        ? "Read it by readKeyFile, or choose another name: a key that is overwritten is lost."
        : "Check that its folder exists and may be written, on a file system that has links.",
      cause,
    );
  }
  return key;
}
