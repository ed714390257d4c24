import { parseJson } from "../errors/json.ts";
import { GRANT_SCHEMA_ID, type Grant } from "../grant/Grant.ts";
import { serializeGrant } from "../grant/serializeGrant.ts";
import { writePrivateFile } from "../internal/writePrivateFile.ts";
import { grantFileError } from "./grantFileError.ts";

/**
 * Saves a grant in a file that only its user can read (mode 0600). The file is written completely or not at all, also when
 * processes write at once, and replaces an earlier grant. It never replaces a file that is not a grant, such as a key
 * file. The mode has no effect on Windows.
 *
 * @param path Of the file; its folder must exist.
 * @throws {InvalidInput} GRANT_FILE: it cannot be written, or is another file.
 * @throws {Refusal} As {@link serializeGrant}.
 *
 * @example
 * await writeGrantFile("grant.json", grant);
 */
export async function writeGrantFile(path: string, grant: Grant): Promise<void> {
  const text = serializeGrant(grant);
  const replace = await isGrantFile(path);
  try {
    await writePrivateFile(path, text, { replace });
  } catch (cause) {
    // Another process has written it since, also a grant or another file.
    if ((cause as NodeJS.ErrnoException).code === "EEXIST" && !replace) return writeGrantFile(path, grant);
    throw grantFileError(path, "cannot be written", "Check that its folder exists and is writable.", cause);
  }
}

/**
 * Whether there is a grant file.
 *
 * @throws {InvalidInput} GRANT_FILE: there is another file.
 */
async function isGrantFile(path: string): Promise<boolean> {
  const { readFile } = await import("node:fs/promises");
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw grantFileError(
      path,
      "cannot be read",
      "Check the path and the user that the agent runs as.",
      cause,
    );
  }
  if (isGrant(text)) return true;
  throw grantFileError(
    path,
    "was not written: the file of that name is not a grant",
    "Choose another name, or remove the file first.",
  );
}

/** Of any version, as its text says. */
function isGrant(text: string): boolean {
  try {
    const json = parseJson(text);
    if (typeof json !== "object" || json === null) return false;
    return (
      ("$schema" in json && json.$schema === GRANT_SCHEMA_ID) || ("session" in json && "signature" in json)
    );
  } catch {
    return false;
  }
}
