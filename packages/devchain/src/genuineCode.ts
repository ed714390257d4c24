import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Address, Hex } from "viem";

/** Code of somebody else's contract, as the build wrote it after it had compared it with what is pinned. */
export type GenuineCode = {
  /** For people. */
  name: string;
  /** Creation code; of USDC, WETH9, Permit2 and the stand-ins for x402's proxies runtime code. */
  code: Hex;
  /** Where CREATE2 puts it. */
  address?: Address;
  /** By whom; Safe's singleton factory where it is not said. */
  factory?: Address;
  /** Of the runtime code on the chains. */
  codeHash?: Hex;
};

// The same file from `src` and from `dist`.
const file = new URL("../dist/genuineCode.json", import.meta.url);
let all: Record<string, GenuineCode> | undefined;

/**
 * The code of a contract that people have.
 * @throws If there is none of that name, or the package is not built.
 */
export function genuineCode(key: string): GenuineCode {
  try {
    all ??= JSON.parse(readFileSync(file, "utf8")) as Record<string, GenuineCode>;
  } catch (cause) {
    throw new Error(`${fileURLToPath(file)} is missing: run npm run compile`, { cause });
  }
  const found = all[key];
  if (!found) throw new Error(`There is no code of ${key}`);
  return found;
}
