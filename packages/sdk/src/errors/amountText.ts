import { type Address, formatUnits, isAddressEqual, zeroAddress } from "viem";
import { usdcAddresses } from "./usdcAddresses.ts";

/** How amounts of a token are written. */
export type TokenUnit = { readonly symbol: string; readonly decimals: number };

/** The unit of a token that this SDK knows by its address. */
const knownUnit = (token: Address): TokenUnit | undefined =>
  isAddressEqual(token, zeroAddress)
    ? { symbol: "native coin", decimals: 18 }
    : Object.values(usdcAddresses).some((usdc) => isAddressEqual(usdc, token))
      ? { symbol: "USDC", decimals: 6 }
      : undefined;

/**
 * An amount as messages have it: `"1.01 USDC"`, or `"1010000 base units of 0x1234…abcd"` where the unit is not known.
 *
 * @param unit Where it was read from the token. Default: what this SDK knows.
 */
export function amountText(amount: bigint, token: Address, unit = knownUnit(token)): string {
  return unit
    ? `${formatUnits(amount, unit.decimals)} ${unit.symbol}`
    : `${amount} base units of ${token.slice(0, 6)}…${token.slice(-4)}`;
}
