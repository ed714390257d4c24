import { mkdir, readdir } from "node:fs/promises";
import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { UsageError } from "./UsageError.ts";

/**
 * Where everything is kept: `LATCHKEY_HOME`, or `latchkey` in the user's folder for settings (`XDG_CONFIG_HOME`,
 * `~/.config`; `%APPDATA%` on Windows).
 */
export function homeFolder(
  env: NodeJS.ProcessEnv = process.env,
  platform: string = process.platform,
): string {
  if (env.LATCHKEY_HOME) return resolve(env.LATCHKEY_HOME);
  if (platform === "win32") return join(env.APPDATA || join(homedir(), "AppData", "Roaming"), "latchkey");
  const settings = env.XDG_CONFIG_HOME;
  // As the XDG specification says: a path that is not absolute is ignored.
  return join(settings && isAbsolute(settings) ? settings : join(homedir(), ".config"), "latchkey");
}

// No capitals: on some systems they would name the same folder.
const NAME = /^[a-z0-9][a-z0-9_-]{0,63}$/;

/**
 * The folder of a session. It may not exist yet.
 *
 * @throws {UsageError} The name is not one for a session.
 */
export function sessionFolder(home: string, session: string): string {
  if (!NAME.test(session))
    throw new UsageError(
      `"${session}" is not a name for a session: use up to 64 lower-case letters, digits, - and _`,
    );
  return join(home, "sessions", session);
}

/** The folder of a session, created if it is missing, for its user alone. */
export async function makeSessionFolder(home: string, session: string): Promise<string> {
  const folder = sessionFolder(home, session);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return folder;
}

/** The names of the sessions there are. */
export async function listSessionNames(home: string): Promise<string[]> {
  const entries = await readdir(join(home, "sessions"), { withFileTypes: true }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return [];
      throw error;
    },
  );
  return entries
    .filter((entry) => entry.isDirectory() && NAME.test(entry.name))
    .map(({ name }) => name)
    .sort();
}
