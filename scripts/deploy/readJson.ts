import { readFile } from "node:fs/promises";
import { DeployError } from "./DeployError.ts";

/**
 * Reads a file of JSON that this repository or Hardhat wrote. Its shape is the caller's affair.
 *
 * @returns Undefined if there is no such file.
 * @throws {@link DeployError} `BAD_RECORD` if it cannot be read.
 */
export async function readJson<Shape>(path: string): Promise<Shape | undefined> {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new DeployError("BAD_RECORD", `${path} cannot be read: ${(error as Error).message}`);
  }
}
