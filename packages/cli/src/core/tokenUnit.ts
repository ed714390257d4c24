import { usdcAddress } from "@latchkey/sdk";
import {
  type Address,
  type Chain,
  type Client,
  erc20Abi,
  isAddressEqual,
  type Transport,
  zeroAddress,
} from "viem";
import { readContract } from "viem/actions";

/** How amounts of a token are written. */
export type TokenUnit = { symbol: string; decimals: number };

/**
 * Reads how amounts of a token are written.
 *
 * @throws Where there is no such token.
 */
export async function tokenUnit(
  client: Client<Transport, Chain | undefined>,
  token: Address,
  chainId: number,
): Promise<TokenUnit> {
  if (isAddressEqual(token, zeroAddress)) return { symbol: "native coin", decimals: 18 };
  const usdc = usdcAddress(chainId);
  if (usdc && isAddressEqual(token, usdc)) return { symbol: "USDC", decimals: 6 };
  const contract = { address: token, abi: erc20Abi } as const;
  const [decimals, symbol] = await Promise.all([
    readContract(client, { ...contract, functionName: "decimals" }),
    readContract(client, { ...contract, functionName: "symbol" }).catch(() => ""),
  ]);
  // Anyone can give a token any symbol.
  return { decimals, symbol: symbol.replace(/[^A-Za-z0-9.$+-]/g, "").slice(0, 16) || "token" };
}
