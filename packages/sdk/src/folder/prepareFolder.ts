import * as z from "zod/mini";
import { parseJson } from "../errors/json.ts";
import { writePrivateFile } from "../internal/writePrivateFile.ts";
import { folderError } from "./folderError.ts";

const FORMAT = "latchkey-agent";
const VERSION = 1;
const markerSchema = z.object({ format: z.literal(FORMAT), version: z.int() });

/**
 * Creates an agent's folder, or checks one that is there: nobody else may enter it, and it was not written by a later
 * version. A folder that someone else can write to could have its grant replaced.
 *
 * @throws {InvalidInput} FOLDER
 */
export async function prepareFolder(dir: string): Promise<void> {
  const { mkdir, readFile, stat } = await import("node:fs/promises");
  const { join } = await import("node:path");
  try {
    // Its parents get the usual mode: they may be anybody's.
    await mkdir(join(dir, ".."), { recursive: true });
    await mkdir(dir, { mode: 0o700 });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "EEXIST")
      throw folderError(dir, "cannot be created", "Check the path, the disk and your permissions.", cause);
  }
  const found = await stat(dir).catch((cause: unknown) => {
    throw folderError(dir, "cannot be read", "Check the path and the user that the agent runs as.", cause);
  });
  if (!found.isDirectory())
    throw folderError(dir, "is a file, not a folder", "Pass the path of a folder, which may be missing.");
  if (process.platform !== "win32") {
    const mode = found.mode & 0o777;
    if (mode & 0o077)
      throw folderError(
        dir,
        `is accessible to other users (mode ${mode.toString(8).padStart(4, "0")})`,
        `If others could write to it, check the grant in it. Then: chmod 700 ${dir}`,
      );
    const user = process.getuid?.();
    if (user !== undefined && user !== 0 && found.uid !== user)
      throw folderError(dir, "belongs to another user", "Make the agent's user the owner of the folder.");
  }
  const path = join(dir, "agent.json");
  const text = await readFile(path, "utf8").catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return undefined;
    throw folderError(dir, "cannot be read", "Check the user that the agent runs as.", cause);
  });
  if (text === undefined) return mark(dir, path);
  let version: number;
  try {
    ({ version } = markerSchema.parse(parseJson(text)));
  } catch (cause) {
    throw folderError(
      dir,
      "has an agent.json that is damaged, or another program's",
      "Choose another folder, or restore the file.",
      cause,
    );
  }
  if (version > VERSION)
    throw folderError(
      dir,
      `was written by a later version of Latchkey (format ${version}; this one knows ${VERSION})`,
      "Update @latchkey/sdk or latchkey, or use another folder.",
    );
}

async function mark(dir: string, path: string): Promise<void> {
  try {
    await writePrivateFile(path, `${JSON.stringify({ format: FORMAT, version: VERSION })}\n`, {
      replace: false,
    });
  } catch (cause) {
    // Another process was first.
    if ((cause as NodeJS.ErrnoException).code === "EEXIST") return;
    throw folderError(dir, "cannot be written", "Check the disk and your permissions.", cause);
  }
}
