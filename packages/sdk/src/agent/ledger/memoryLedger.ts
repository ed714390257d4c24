import type { Ledger, LedgerEntry } from "./Ledger.ts";

/** A {@link Ledger} in memory, lost with the process. */
export function memoryLedger(): Ledger {
  const lines: LedgerEntry[] = [];
  return {
    async append(entry) {
      lines.push(structuredClone(entry));
    },
    read: async () => ({ lines: structuredClone(lines), damaged: [] }),
  };
}
