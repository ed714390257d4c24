import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

/** Writes JSON as the repository's formatter likes it. Whole or not at all: a run may be interrupted at any moment. */
export async function writeJson(path: string, value: unknown): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const beside = `${path}.${process.pid}.tmp`;
  await writeFile(beside, toJson(value));
  await rename(beside, path);
}

/** JSON with two spaces, and a line's end at the end. */
export const toJson = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;
