import { existsSync, realpathSync } from "node:fs";
import { delimiter, join } from "node:path";
import { runWell } from "./run.ts";

/** Every Node on the PATH, by version, and the one that runs this: where several are installed, all are tried. */
export async function installedNodes(): Promise<Map<string, string>> {
  const found = (process.env.PATH ?? "")
    .split(delimiter)
    .map((folder) => join(folder, "node"))
    .filter(existsSync)
    .map((path) => realpathSync(path));
  const nodes = new Map<string, string>();
  for (const path of new Set([process.execPath, ...found]))
    nodes.set((await runWell(".", path, ["--version"])).trim(), path);
  return nodes;
}
