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
 * Reads the key of an agent's session from its file, made by {@link writeKeyFile}. The key stands apart from the grant:
 * the grant may be shown to anybody, this file to nobody.
 *
 * Where there are POSIX file modes, a file that its group or others may read, write or execute is refused, and so is a
 * file of another user; a symbolic link is followed, and what it leads to is looked at. Windows has no such modes: there
 * nothing is checked, and the folder's access list must keep others out (a folder of the user's own profile does).
 *
 * @param path Of the file.
 * @returns The key as a viem account, for `execute`, `pay`, `payingFetch` and the rest.
 * @throws {InvalidInput} KEY_FILE: it is not there, others may read it, or it is no key file. No error quotes what stands
 * in the file.
 */
export async function readKeyFile(path: string): Promise<PrivateKeyAccount> {
  const { open } = await import("node:fs/promises");
  const file = await open(path, "r").catch((cause: unknown) => {
    throw keyFileError(
      path,
      "cannot be opened",
      "Check the path and the user that the agent runs as; make a key by writeKeyFile.",
      cause,
    );
  });
  let text: string;
  try {
    // The very file that is read is looked at: the name could come to mean another one in between.
    const { mode, uid, isFile } = await file.stat().then((stat) => ({
      mode: stat.mode & 0o777,
      uid: stat.uid,
      isFile: stat.isFile(),
    }));
    if (!isFile) throw keyFileError(path, "is no file", "Name the file itself.");
    if (process.platform !== "win32") {
      if (mode & 0o077)
        throw keyFileError(
          path,
          `is open to others (mode ${mode.toString(8).padStart(4, "0")})`,
          `Take the key for leaked if others use the machine: renounce its session. Else: chmod 600 ${path}`,
        );
      const user = process.getuid?.();
      if (user !== undefined && user !== 0 && uid !== user)
        throw keyFileError(path, "belongs to another user", "Have the agent's own user own the file.");
    }
    text = await file.readFile("utf8");
  } finally {
    await file.close();
  }
  const damaged = () =>
    keyFileError(path, "is damaged, or is no key file", "Restore it, or make another key by writeKeyFile.");
  let account: PrivateKeyAccount;
  let address: Hex;
  try {
    const contents = contentsSchema.parse(parseJson(text));
    address = contents.address;
    account = privateKeyToAccount(contents.privateKey);
  } catch {
    // The parser's own error quotes the text: it is left behind.
    throw damaged();
  }
  if (!isAddressEqual(account.address, address)) throw damaged();
  return account;
}
