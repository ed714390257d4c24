import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { writePrivateFile } from "@latchkey/sdk/node";
import { z } from "zod";
import { CommandError } from "./CommandError.ts";
import { EXIT } from "./exitCodes.ts";

const VERSION = 1;

const settingsSchema = z.strictObject({
  version: z.literal(VERSION),
  /** URL of the node. */
  rpc: z.string().optional(),
  /** URL of the page on which the owner allows and stops the agent. */
  page: z.string().optional(),
  chainId: z.number().int().positive().optional(),
  /** The agent's name, as the owner reads it. */
  name: z.string().optional(),
});

/** What a session keeps besides key, grant, payments and ledger. */
export type Settings = Omit<z.infer<typeof settingsSchema>, "version">;

const settingsFile = (folder: string) => join(folder, "settings.json");

/**
 * Reads a session's settings; none where there is no file.
 *
 * @param folder Of the session.
 * @throws {CommandError} FOLDER: the file is damaged, or of a later version.
 */
export async function readSettings(folder: string): Promise<Settings> {
  const path = settingsFile(folder);
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw unusable(path, "is not JSON", "Repair it, or remove it and pass --rpc and --page again.");
  }
  const { version } = Object(value) as { version?: unknown };
  if (typeof version === "number" && version > VERSION)
    throw unusable(path, `has version ${version}, which is newer than this latchkey`, "Update latchkey.");
  const read = settingsSchema.safeParse(value);
  if (!read.success)
    throw unusable(path, "is damaged", "Repair it, or remove it and pass --rpc and --page again.");
  const { version: _, ...settings } = read.data;
  return settings;
}

/** Writes a session's settings, in place of those that were there. */
export const writeSettings = (folder: string, settings: Settings): Promise<void> =>
  writePrivateFile(
    settingsFile(folder),
    `${JSON.stringify({ version: VERSION, ...settings }, undefined, 2)}\n`,
    { replace: true },
  );

const unusable = (path: string, what: string, advice: string) =>
  new CommandError({
    code: "FOLDER",
    exitCode: EXIT.folder,
    message: `The file ${path} ${what}.`,
    whatToDo: [advice],
    details: { path },
  });
