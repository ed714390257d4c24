import { stat } from "node:fs/promises";

/**
 * Whether there is a file or a folder.
 *
 * @throws What the file system says where it may not be looked at. `existsSync` answers then as if there were none, and a session
 * in another user's folder would be asked for again.
 */
export async function pathExists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}
