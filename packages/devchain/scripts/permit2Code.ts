import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Hex, keccak256 } from "viem";
import { PERMIT2_CODE_HASH } from "../src/permit2.ts";
import { packageFolder } from "./artifact.ts";

/** Whose tests have Permit2's code, as it stands on Ethereum. */
export const PERMIT2_PACKAGE = "@1inch/solidity-utils";

/**
 * The runtime code of Permit2.
 * @throws If it is not the code that stands on Ethereum.
 */
export function buildPermit2Code(): Hex {
  // The package does not export the file.
  const path = join(packageFolder(PERMIT2_PACKAGE), "dist/src/permit2.json");
  const { bytecode } = JSON.parse(readFileSync(path, "utf8")) as { bytecode: Hex };
  if (keccak256(bytecode) !== PERMIT2_CODE_HASH) throw new Error("Permit2: the code is not the chain's");
  return bytecode;
}
