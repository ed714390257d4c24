import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Abi, Hex } from "viem";

const require = createRequire(import.meta.url);

/** Where a library's address belongs in a bytecode, in bytes from its beginning. */
export type LinkReferences = Record<string, Record<string, { start: number; length: number }[]>>;

/** The part of a compiler's artifact that the environment needs. */
export type Artifact = {
  contractName: string;
  abi: Abi;
  /** Creation code. */
  bytecode: Hex;
  /** Runtime code, before its immutables are set. */
  deployedBytecode: Hex;
  deployedLinkReferences?: LinkReferences;
};

/**
 * Reads the artifact of a contract out of an npm package.
 * @param path Package name and path of the JSON file.
 */
export const artifact = (path: string): Artifact =>
  JSON.parse(readFileSync(require.resolve(path), "utf8")) as Artifact;
