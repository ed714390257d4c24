import { InvalidGrant } from "../errors/InvalidGrant.ts";
import { isRefusal } from "../errors/isRefusal.ts";
import type { Grant } from "../grant/Grant.ts";
import { parseGrant } from "../grant/parseGrant.ts";
import { grantFileError } from "./grantFileError.ts";

/**
 * Reads a grant from its file, written by {@link writeGrantFile} or received from the owner. A byte order mark is accepted.
 *
 * @param path Of the file.
 * @throws {InvalidInput} GRANT_FILE: it does not exist or cannot be read.
 * @throws {InvalidGrant} INVALID_GRANT: it is damaged, or not a grant. Only the chain knows whether the account accepts the
 * grant: use {@link verifyGrant}.
 *
 * @example
 * const grant = await readGrantFile("grant.json");
 */
export async function readGrantFile(path: string): Promise<Grant> {
  const { readFile } = await import("node:fs/promises");
  const text = await readFile(path, "utf8").catch((cause: NodeJS.ErrnoException) => {
    throw cause.code === "ENOENT"
      ? grantFileError(path, "does not exist", "Check the path, or ask the owner for the grant.", cause)
      : grantFileError(path, "cannot be read", "Check the path and the user that the agent runs as.", cause);
  });
  try {
    return parseGrant(text);
  } catch (error) {
    if (!isRefusal(error, "INVALID_GRANT")) throw error;
    throw new InvalidGrant({
      code: "INVALID_GRANT",
      shortMessage: `The file ${path} is damaged or is not a grant file. ${error.shortMessage}`,
      metaMessages: error.metaMessages,
      details: { ...error.details, path },
      // The parser's own error quotes the text, which may be another file's secret.
    });
  }
}
