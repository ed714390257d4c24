/**
 * Writes the code of others' contracts that a development chain has into `dist`, with their licences, out of the npm
 * packages that they come from. None of it is written unless it is the code that is pinned.
 *
 *     npm run contracts --workspace @latchkey/devchain [-- <folder>]     instead of dist
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { GenuineCode } from "../src/genuineCode.ts";
import { USDC, USDC_PARTS, type UsdcChain } from "../src/usdc.ts";
import { buildEntryPointCode } from "./entryPointCode.ts";
import { notices } from "./notices.ts";
import { buildPermit2Code } from "./permit2Code.ts";
import { buildPasskeyCode, buildSafeCode } from "./safeCode.ts";
import { buildUsdcCode } from "./usdcCode.ts";
import { buildWethCode } from "./wethCode.ts";
import { buildX402ProxyCode } from "./x402ProxyCode.ts";

const dist = resolve(process.argv[2] ?? join(import.meta.dirname, "../dist"));

const usdc = (Object.keys(USDC) as UsdcChain[]).flatMap((chain) => {
  const code = buildUsdcCode(chain);
  return USDC_PARTS.map((part): [string, GenuineCode] => {
    const name = `USDC ${part} on ${chain}`;
    return [name, { name, code: code[part] }];
  });
});
const code: Record<string, GenuineCode> = {
  ...Object.fromEntries(usdc),
  WETH9: { name: "WETH9", code: buildWethCode() },
  Permit2: { name: "Permit2", code: buildPermit2Code() },
  ...buildX402ProxyCode(),
  ...buildSafeCode(),
  ...buildPasskeyCode(),
  ...buildEntryPointCode(),
};

mkdirSync(dist, { recursive: true });
/** A concurrent reader sees the old file or the new one. */
function write(name: string, text: string): void {
  const path = join(dist, name);
  try {
    if (readFileSync(path, "utf8") === text) return;
  } catch {
    // Not there yet.
  }
  writeFileSync(`${path}.${process.pid}`, text);
  renameSync(`${path}.${process.pid}`, path);
}
write("genuineCode.json", `${JSON.stringify(code, null, 1)}\n`);
write("THIRD-PARTY.md", notices());
