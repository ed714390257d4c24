import { type Hex, isAddressEqual, isHex, size } from "viem";
import { type PrivateKeyAccount, privateKeyToAccount } from "viem/accounts";
import * as z from "zod/mini";
import { parseJson } from "../errors/json.ts";
import { keyFileError } from "./keyFileError.ts";

const contentsSchema = z.strictObject({
  format: z.literal("latchkey-key"),
  version: z.literal(1),
  address: z.custom<Hex>((text) => isHex(text) && size(text) === 20),
  privateKey: z.custom<Hex>((text) => isHex(text) && size(text) === 32),
});

/**
 * Reads the key of an agent's session from its file, made by {@link writeKeyFile}. The key is kept apart from the grant:
 * the grant is public, this file is secret.
 *
 * On systems with POSIX file modes, a file that its group or others may read, write or execute is refused, and so is a
 * file of another user; a symbolic link is followed, and its target is checked. Windows has no such modes: there
 * nothing is checked, and the folder's access list must keep others out (a folder in the user's own profile does).
 *
 * @param path Of the file.
 * @returns The key as a viem account, for `execute`, `pay`, `payingFetch` and the rest.
 * @throws {InvalidInput} KEY_FILE: it does not exist, others may read it, or it is not a key file. No error quotes the
 * file's contents.
 */
export async function readKeyFile(path: string): Promise<PrivateKeyAccount> {
  const { open } = await import("node:fs/promises");
  const file = await open(path, "r").catch((cause: unknown) => {
    throw keyFileError(
      path,
      "cannot be opened",
      "Check the path and the user that the agent runs as; create a key with writeKeyFile.",
      cause,
    );
  });
  let text: string;
  try {
    // Checked on the open file: the path could lead to another one in between.
    const { mode, uid, isFile } = await file.stat().then((stat) => ({
      mode: stat.mode & 0o777,
      uid: stat.uid,
      isFile: stat.isFile(),
    }));
    if (!isFile) throw keyFileError(path, "is not a file", "Pass the path of the file itself.");
    if (process.platform !== "win32") {
      if (mode & 0o077)
        throw keyFileError(
          path,
          `is accessible to other users (mode ${mode.toString(8).padStart(4, "0")})`,
          `If others use the machine, treat the key as leaked and renounce its session. Otherwise: chmod 600 ${path}`,
        );
      const user = process.getuid?.();
      if (user !== undefined && user !== 0 && uid !== user)
        throw keyFileError(path, "belongs to another user", "Make the agent's user the owner of the file.");
    }
    text = await file.readFile("utf8");
  } finally {
    await file.close();
  }
  const damaged = () =>
    keyFileError(
      path,
      "is damaged or is not a key file",
      "Restore it, or create another key with writeKeyFile.",
    );
  let account: PrivateKeyAccount;
  let address: Hex;
  try {
    const contents = contentsSchema.parse(parseJson(text));
    address = contents.address;
    account = privateKeyToAccount(contents.privateKey);
  } catch {
    // The parser's own error quotes the text, so it is dropped.
    throw damaged();
  }
  if (!isAddressEqual(account.address, address)) throw damaged();
  return account;
}
