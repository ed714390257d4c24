import type { TokenFacts } from "@latchkey/sdk/review";
import { formatUnits } from "viem";

type Facts = Pick<TokenFacts, "symbol" | "decimals" | "known"> | undefined;

/**
 * An amount without its symbol: `"3.40"`, `"0.0015"`. Never rounded. Dollar stablecoins always show two decimals for
 * cents.
 *
 * @param amount Base units.
 * @param facts The token's facts; if undefined because they could not be read, base units are shown.
 */
export function numberText(amount: bigint, facts: Facts): string {
  if (!facts) return amount.toLocaleString("en");
  const [whole = "0", fraction = ""] = formatUnits(amount, facts.decimals).split(".");
  const isDollar = facts.known && facts.symbol === "USDC";
  const shown = isDollar && fraction !== "" ? fraction.padEnd(2, "0") : fraction;
  const grouped = BigInt(whole).toLocaleString("en");
  return shown === "" ? grouped : `${grouped}.${shown}`;
}

/** An amount with its symbol: `"3.40 USDC"`. See {@link numberText}. */
export const amountText = (amount: bigint, facts: Facts): string =>
  `${numberText(amount, facts)} ${facts?.symbol ?? "base units"}`;
