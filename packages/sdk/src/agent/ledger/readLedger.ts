import type { Ledger, LedgerEntry } from "./Ledger.ts";

/**
 * Reads a ledger: one entry for each movement, in the order in which they were signed, with its latest status. It is safe
 * for JSON.
 *
 * @returns `damaged`: the texts of lines that cannot be read, as a process that is killed while it writes leaves them. The
 * movement of such a line was not sent, or has an earlier line.
 * @throws {Refusal} STORE: the ledger cannot be read.
 *
 * @example
 * const { entries } = await readLedger(ledger);
 * const paid = entries.filter(({ status }) => status === "settled");
 */
export async function readLedger(
  ledger: Ledger,
): Promise<{ entries: LedgerEntry[]; damaged: readonly string[] }> {
  const { lines, damaged } = await ledger.read();
  const entries = new Map<string, LedgerEntry>();
  for (const line of lines) {
    const known = entries.get(line.id);
    entries.set(line.id, known ? together(known, line) : line);
  }
  return { entries: [...entries.values()], damaged };
}

/** The chain counts for more than a receipt, an outcome for more than an open entry. */
const weight = ({ status, shownBy }: LedgerEntry): number =>
  status === "open" ? 0 : (shownBy === "chain" ? 4 : 2) + (status === "settled" ? 1 : 0);

/** What two lines about one movement say together. What it is, is what the first line says. */
function together(first: LedgerEntry, later: LedgerEntry): LedgerEntry {
  const [decisive, other] = weight(later) > weight(first) ? [later, first] : [first, later];
  const { status, shownBy, closedAt } = decisive;
  // A transaction that is said to have settled what did not settle is not its own.
  const transaction = decisive.transaction ?? (status === "not settled" ? undefined : other.transaction);
  const receipt = decisive.receipt ?? other.receipt;
  const paid = status !== "settled" ? undefined : decisive.paidUnits === undefined ? other : decisive;
  const { transaction: _, paidAmount: __, paidUnits: ___, ...entry } = { ...later, ...first, status };
  return {
    ...entry,
    ...(shownBy && { shownBy }),
    ...(closedAt && { closedAt }),
    ...(transaction && { transaction }),
    ...(receipt && { receipt }),
    ...(paid?.paidAmount !== undefined && { paidAmount: paid.paidAmount }),
    ...(paid?.paidUnits !== undefined && { paidUnits: paid.paidUnits }),
  };
}
