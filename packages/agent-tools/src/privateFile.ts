import { randomUUID } from "node:crypto";
import { link, open, readFile, rename, rm } from "node:fs/promises";

/**
 * Writes a file that only its user can read (mode 0600), complete and on disk before it has its name.
 *
 * @param options.replace Whether a file of that name is replaced.
 * @returns False where the name is taken and must not be: then another process was first.
 */
export async function writePrivate(
  path: string,
  text: string,
  { replace }: { replace: boolean },
): Promise<boolean> {
  const draft = `${path}.${randomUUID()}.draft`;
  try {
    const file = await open(draft, "wx", 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    if (replace) await rename(draft, path);
    else await link(draft, path);
    return true;
  } catch (error) {
    if (!replace && (error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/** The text of a file; undefined if there is none. */
export async function readPrivate(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
