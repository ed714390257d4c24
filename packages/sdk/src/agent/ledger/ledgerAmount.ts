import { type Address, type Chain, type Client, formatUnits, type Transport } from "viem";
import type { TokenUnit } from "../../errors/amountText.ts";
import { readTokenUnit } from "../../internal/readTokenUnit.ts";
import type { LedgerEntry } from "./Ledger.ts";

/** Units that were read before. */
export type TokenUnits = Map<Address, Promise<TokenUnit>>;

/** An amount as a ledger has it. A token that does not say its decimals, or a node that does not respond, stops no payment. */
export async function ledgerAmount(
  client: Client<Transport, Chain | undefined>,
  { token, units, chainId }: { token: Address; units: bigint; chainId: number },
  known: TokenUnits = new Map(),
): Promise<Required<Pick<LedgerEntry, "token" | "symbol" | "decimals" | "amount" | "units">>> {
  const reading = known.get(token) ?? readTokenUnit(client, token, chainId, "token");
  known.set(token, reading);
  const { symbol, decimals } = await reading.catch(() => {
    known.delete(token);
    return { symbol: "base units", decimals: 0 };
  });
  return { token, symbol, decimals, amount: formatUnits(units, decimals), units: `${units}` };
}

/** What moved of a payment by upto, as a ledger has it. */
export const paidFields = (
  units: bigint,
  decimals: number,
): Required<Pick<LedgerEntry, "paidAmount" | "paidUnits">> => ({
  paidAmount: formatUnits(units, decimals),
  paidUnits: `${units}`,
});
