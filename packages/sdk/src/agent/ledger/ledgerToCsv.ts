import type { LedgerEntry } from "./Ledger.ts";

const COLUMNS: readonly (readonly [string, (entry: LedgerEntry) => string | number | undefined])[] = [
  ["id", ({ id }) => id],
  ["kind", ({ kind }) => kind],
  ["status", ({ status }) => status],
  ["shown by", ({ shownBy }) => shownBy],
  ["what", ({ what }) => what],
  ["purpose", ({ purpose }) => purpose],
  ["to", ({ to }) => to],
  ["token", ({ token }) => token],
  ["symbol", ({ symbol }) => symbol],
  ["amount", ({ amount }) => amount],
  ["units", ({ units }) => units],
  ["paid amount", ({ paidAmount }) => paidAmount],
  ["paid units", ({ paidUnits }) => paidUnits],
  ["chain", ({ chainId }) => chainId],
  ["account", ({ account }) => account],
  ["signed at", ({ at }) => at],
  ["closed at", ({ closedAt }) => closedAt],
  ["transaction", ({ transaction }) => transaction],
  ["receipt", ({ receipt }) => receipt],
  ["session", ({ session }) => session],
  ["budget", ({ budget }) => budget],
  ["idempotencyKey", ({ idempotencyKey }) => idempotencyKey],
];

/** Control characters, line ends, invisible and direction-changing characters, and halves of characters. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
/** What spreadsheets take for the start of a formula or a command, also in full width and after blanks. */
const FORMULA = /^[\s'"]*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]/u;

/**
 * Entries of a ledger as CSV (RFC 4180): a header, one line for each entry, every field in quotes, lines that end in CRLF.
 *
 * Texts that others wrote are made safe to open in a spreadsheet and to print: what looks like a formula is given a leading
 * apostrophe, and control, invisible and direction-changing characters are written as `\u` and their number. The exact texts
 * are in what {@link readLedger} returns.
 *
 * @param entries From {@link readLedger}.
 */
export function ledgerToCsv(entries: readonly LedgerEntry[]): string {
  const rows = [
    COLUMNS.map(([name]) => name),
    ...entries.map((entry) => COLUMNS.map(([, read]) => read(entry))),
  ];
  return rows.map((row) => `${row.map(field).join(",")}\r\n`).join("");
}

function field(value: string | number | undefined): string {
  const text = String(value ?? "").replace(UNSEEN, escaped);
  return `"${(FORMULA.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;
}

const escaped = (character: string): string =>
  [...Array(character.length).keys()]
    .map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, "0")}`)
    .join("");
