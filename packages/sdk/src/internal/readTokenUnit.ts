import {
  type Address,
  type Chain,
  type Client,
  erc20Abi,
  isAddressEqual,
  type Transport,
  zeroAddress,
} from "viem";
import type { TokenUnit } from "../errors/amountText.ts";
import { isContractRefusal } from "../errors/isContractRefusal.ts";
import { readContract } from "./chainActions.ts";
import { tokenDecimals } from "./tokenDecimals.ts";
import { usdcAddress } from "./usdcAddress.ts";

/**
 * How amounts of a token are written. Asks the chain where this SDK does not know the token.
 *
 * @param path Where the token stands in what the caller passed, for the message.
 * @returns `known`: the symbol can be trusted.
 * @throws {Refusal} UNKNOWN_TOKEN: it does not return its decimals; NETWORK
 */
export async function readTokenUnit(
  client: Client<Transport, Chain | undefined>,
  token: Address,
  chainId: number,
  path: string,
): Promise<TokenUnit & { known: boolean }> {
  if (isAddressEqual(token, zeroAddress)) {
    const { symbol = "native coin", decimals = 18 } = client.chain?.nativeCurrency ?? {};
    return { symbol, decimals, known: true };
  }
  const usdc = usdcAddress(chainId);
  if (usdc && isAddressEqual(token, usdc)) return { symbol: "USDC", decimals: 6, known: true };
  const [decimals, symbol] = await Promise.all([
    tokenDecimals(client, token, path),
    readSymbol(client, token),
  ]);
  return { symbol, decimals, known: false };
}

/** Longest symbol that is shown. */
const MOST_CHARACTERS = 16;

/** Letters, digits and little else: a token's symbol must not pass for a part of the page or the message. */
async function readSymbol(client: Client<Transport, Chain | undefined>, token: Address): Promise<string> {
  try {
    const symbol = await readContract(client, { address: token, abi: erc20Abi, functionName: "symbol" });
    return symbol.replace(/[^A-Za-z0-9.$+-]/g, "").slice(0, MOST_CHARACTERS) || "token";
  } catch (error) {
    if (!isContractRefusal(error)) throw error;
    return "token";
  }
}
