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
/** Finds out how amounts of a token are written. */
export type TokenUnits = (token: Address) => Promise<TokenUnit>;

/** Asks the chain, once for each token that the SDK does not know. */
export function tokenUnits(client: Client<Transport, Chain | undefined>, chainId: number): TokenUnits {
  const known = new Map<string, Promise<TokenUnit>>();
  return (token) => {
    const place = token.toLowerCase();
    const unit = known.get(place) ?? tokenUnit(client, token, chainId);
    known.set(place, unit);
    unit.catch(() => known.delete(place));
    return unit;
  };
}

/**
 * Reads how amounts of a token are written. What a token calls itself is cut to a symbol.
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
  const [decimals, symbol] = await Promise.all([
    readContract(client, { address: token, abi: erc20Abi, functionName: "decimals" }),
    readContract(client, { address: token, abi: erc20Abi, functionName: "symbol" }).catch(() => ""),
  ]);
  // A token may call itself anything, a sentence for a model included.
  return { decimals, symbol: symbol.replace(/[^A-Za-z0-9.$+-]/g, "").slice(0, 16) || "token" };
}
