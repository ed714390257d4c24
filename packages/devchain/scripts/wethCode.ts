import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type Hex, keccak256 } from "viem";
import { WETH_CODE_HASH } from "../src/weth.ts";

const require = createRequire(import.meta.url);

/** Where its source comes from. */
export const WETH_PACKAGE = "canonical-weth";
/** Digest of the compiler's metadata in the code on the chain. */
const METADATA = "deb4c2ccab3c2fdca32ab3f46728389c2fe2c165d5fafa07661e4e004f6c344a";

/** The compiler of solc 0.4, which answers without standard JSON. */
type OldCompiler = {
  compile(
    input: { sources: Record<string, string> },
    optimize: 0 | 1,
  ): { contracts: Record<string, { runtimeBytecode: string }>; errors?: string[] };
};

/**
 * The runtime code of WETH9, compiled here from its published source.
 * @throws If it is not the code that stands on Ethereum.
 */
export function buildWethCode(): Hex {
  const source = readFileSync(require.resolve(`${WETH_PACKAGE}/contracts/WETH9.sol`), "utf8");
  const solc = require("solc-0.4.19") as OldCompiler;
  const { contracts, errors } = solc.compile({ sources: { "WETH9.sol": source } }, 0);
  const compiled = contracts["WETH9.sol:WETH9"]?.runtimeBytecode;
  if (!compiled) throw new Error(`WETH9 does not compile: ${errors?.join("\n")}`);
  // Everything but the digest of file names and settings, 32 bytes before the last two, decides what the code does.
  const code: Hex = `0x${compiled.slice(0, -68)}${METADATA}${compiled.slice(-4)}`;
  if (keccak256(code) !== WETH_CODE_HASH)
    throw new Error("WETH9: the code that was built is not the chain's");
  return code;
}
