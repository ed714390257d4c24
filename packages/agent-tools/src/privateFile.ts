import { readFile } from "node:fs/promises";
import { writePrivateFile } from "@latchkey/sdk/node";

/** Writes a file unless there is one. @returns False where there is: then another process was first. */
export async function createPrivate(path: string, text: string): Promise<boolean> {
  try {
    await writePrivateFile(path, text, { replace: false });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
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
