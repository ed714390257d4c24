import { type Address, type Hex, keccak256, parseAbi } from "viem";
import { genuineCode } from "./genuineCode.ts";
import type { TestChain } from "./TestChain.ts";

/** Wrapped ether on Ethereum. */
export const WETH: Address = "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2";
/** Of its runtime code. */
export const WETH_CODE_HASH: Hex = "0xd0a06b12ac47863b5c7be4185c2deaad1c61557033f56c7d4ea74429cbb25e23";

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

/**
 * The runtime code of WETH9.
 * @throws If it is not the code that stands on Ethereum.
 */
export function genuineWethCode(): Hex {
  const { code } = genuineCode("WETH9");
  if (keccak256(code) !== WETH_CODE_HASH)
    throw new Error("WETH9: the code that was built is not the chain's");
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
  } else if (keccak256(code) !== WETH_CODE_HASH) {
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
