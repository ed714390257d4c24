import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type Address, type Hex, keccak256, parseAbi } from "viem";
import type { TestChain } from "./TestChain.ts";

const require = createRequire(import.meta.url);

/** Wrapped ether on Ethereum. */
export const WETH: Address = "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2";
const CODE_HASH = "0xd0a06b12ac47863b5c7be4185c2deaad1c61557033f56c7d4ea74429cbb25e23";
/** Digest of the compiler's metadata in the code on the chain. */
const METADATA = "deb4c2ccab3c2fdca32ab3f46728389c2fe2c165d5fafa07661e4e004f6c344a";

/** What WETH9 has. Its `transfer` and `approve` answer true or revert without a reason. */
export const wethAbi = parseAbi([
  "function name() view returns (string)",
  "function symbol() view returns (string)",
  "function decimals() view returns (uint8)",
  "function totalSupply() view returns (uint256)",
  "function balanceOf(address account) view returns (uint256)",
  "function allowance(address owner, address spender) view returns (uint256)",
  "function deposit() payable",
  "function withdraw(uint256 wad)",
  "function approve(address guy, uint256 wad) returns (bool)",
  "function transfer(address dst, uint256 wad) returns (bool)",
  "function transferFrom(address src, address dst, uint256 wad) returns (bool)",
]);

/** The compiler of solc 0.4, which answers without standard JSON. */
type OldCompiler = {
  compile(
    input: { sources: Record<string, string> },
    optimize: 0 | 1,
  ): { contracts: Record<string, { runtimeBytecode: string }>; errors?: string[] };
};

/** Loads the compiler without the handler of uncaught errors that it leaves to the process: mocha has its own. */
function loadOldCompiler(): OldCompiler {
  const kept = new Set(process.listeners("uncaughtException"));
  const solc = require("solc-0.4.19") as OldCompiler;
  for (const listener of process.listeners("uncaughtException")) {
    if (!kept.has(listener)) process.off("uncaughtException", listener);
  }
  return solc;
}

/**
 * The runtime code of WETH9, compiled here from its published source.
 * @throws If it is not the code that stands on Ethereum.
 */
export function genuineWethCode(): Hex {
  const source = readFileSync(require.resolve("canonical-weth/contracts/WETH9.sol"), "utf8");
  const solc = loadOldCompiler();
  const { contracts, errors } = solc.compile({ sources: { "WETH9.sol": source } }, 0);
  const compiled = contracts["WETH9.sol:WETH9"]?.runtimeBytecode;
  if (!compiled) throw new Error(`WETH9 does not compile: ${errors?.join("\n")}`);
  // Everything but the digest of file names and settings, 32 bytes before the last two, decides what the code does.
  const code: Hex = `0x${compiled.slice(0, -68)}${METADATA}${compiled.slice(-4)}`;
  if (keccak256(code) !== CODE_HASH) throw new Error("WETH9: the code that was built is not the chain's");
  return code;
}

/** Puts WETH at its address, unless it is there; empty, and with its names set. */
export async function installWeth(testChain: TestChain): Promise<Address> {
  const code = await testChain.client.getCode({ address: WETH });
  if (!code) {
    await testChain.setCode(WETH, genuineWethCode());
    // name, symbol, decimals: what the constructor writes. A short string ends in twice its length.
    await testChain.setStorageAt(WETH, "0x0", shortString("Wrapped Ether"));
    await testChain.setStorageAt(WETH, "0x1", shortString("WETH"));
    await testChain.setStorageAt(WETH, "0x2", `0x${"12".padStart(64, "0")}`);
  } else if (keccak256(code) !== CODE_HASH) {
    throw new Error("WETH9: the code on this chain is not the pinned one");
  }
  return WETH;
}

function shortString(text: string): Hex {
  const bytes = Buffer.alloc(32);
  bytes.write(text);
  bytes[31] = text.length * 2;
  return `0x${bytes.toString("hex")}`;
}
