import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Hex } from "viem";
import type { GenuineCode } from "../src/genuineCode.ts";
import { X402_PROXIES } from "../src/x402Proxies.ts";
import type { Artifact } from "./artifact.ts";

/** Where Hardhat writes what it has compiled of this package. */
const artifacts = join(
  import.meta.dirname,
  "../../../artifacts/packages/devchain/contracts/X402ProxyStandIn.sol",
);

/**
 * The runtime code of this package's own contracts in the place of x402's proxies, whose code is in no package.
 * @throws If they are not compiled.
 */
export function buildX402ProxyCode(): Record<string, GenuineCode> {
  return Object.fromEntries(
    X402_PROXIES.map(({ standIn }): [string, GenuineCode] => {
      const path = join(artifacts, `${standIn}.json`);
      if (!existsSync(path)) throw new Error(`${standIn} is not compiled: run npm run compile`);
      const { deployedBytecode } = JSON.parse(readFileSync(path, "utf8")) as Artifact;
      return [
        standIn,
        { name: `${standIn}, a stand-in of this package's own`, code: deployedBytecode as Hex },
      ];
    }),
  );
}
