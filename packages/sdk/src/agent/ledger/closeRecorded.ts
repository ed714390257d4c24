import type { Hash } from "viem";
import type { Ledger } from "./Ledger.ts";
import { readLedger } from "./readLedger.ts";

/**
 * Adds what became of a transaction to the entries of a ledger that it was sent for.
 *
 * @throws {Refusal} STORE
 */
export async function closeRecorded(
  ledger: Ledger,
  transaction: Hash,
  status: "settled" | "not settled",
): Promise<void> {
  const { entries } = await readLedger(ledger);
  for (const entry of entries)
    if (entry.transaction === transaction && entry.status === "open")
      await ledger.append({ ...entry, status, shownBy: "chain", closedAt: new Date().toISOString() });
}
