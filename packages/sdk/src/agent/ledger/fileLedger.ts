import * as z from "zod/mini";
import { Refusal } from "../../errors/Refusal.ts";
import { fileLock } from "../x402/fileLock.ts";
import type { Ledger, LedgerEntry } from "./Ledger.ts";

const text = z.string();
const hex = z.string().check(z.regex(/^0x[0-9a-fA-F]*$/));
const digits = z.string().check(z.regex(/^\d+$/));

const lineSchema = z.object({
  id: text,
  kind: z.enum(["x402", "pay", "execute", "executeSigned"]),
  status: z.enum(["open", "settled", "not settled"]),
  shownBy: z.optional(z.enum(["merchant", "chain", "agent"])),
  at: text,
  closedAt: z.optional(text),
  what: text,
  purpose: z.optional(text),
  chainId: z.int(),
  account: hex,
  session: hex,
  budget: z.optional(z.int()),
  to: hex,
  token: z.optional(hex),
  symbol: z.optional(text),
  decimals: z.optional(z.int()),
  amount: z.optional(z.string().check(z.regex(/^\d+(\.\d+)?$/))),
  units: z.optional(digits),
  paidAmount: z.optional(z.string().check(z.regex(/^\d+(\.\d+)?$/))),
  paidUnits: z.optional(digits),
  idempotencyKey: z.optional(text),
  transaction: z.optional(hex),
  receipt: z.optional(text),
  authorization: z.optional(
    z.object({
      method: z.optional(z.enum(["permit2-exact", "permit2-upto", "erc7710"])),
      module: z.optional(hex),
      facilitator: z.optional(hex),
      nonce: hex,
      validAfter: digits,
      validBefore: digits,
    }),
  ),
});

/** The first line. */
const HEADER = JSON.stringify({ format: "latchkey-ledger", version: 1 });

/**
 * A {@link Ledger} in one file, one JSON object a line, for several processes on one machine. The file is created readable by
 * its user only (mode 0600), is only appended to, and holds no key. While it is used, `<path>.lock` exists beside it; the lock
 * of a dead process is taken over.
 *
 * A process that is killed while it writes leaves a part of a line: the next one begins a new line after it, and
 * {@link readLedger} returns that part among `damaged`.
 *
 * Node only, so it has its own entry point: `import { fileLedger } from "@latchkey/sdk/node"`.
 *
 * @param path Of the file; its folder must exist, on a local disk.
 * @param options.lockTimeout Milliseconds to wait while others use the file. Default: 10,000.
 * @throws {Refusal} STORE, by the ledger's functions: the file is not a ledger, cannot be read or written, or others hold the
 * lock for longer.
 */
export function fileLedger(path: string, { lockTimeout = 10_000 } = {}): Ledger {
  const lock = fileLock(`${path}.lock`, lockTimeout);

  const unusable = (what: string, cause: unknown) =>
    new Refusal({
      code: "STORE",
      shortMessage: `The ledger ${path} ${what}.`,
      metaMessages: ["Nothing was sent. Check the file and its folder, or use another path."],
      details: { path },
      cause,
    });

  /** As one line of JSON that {@link read} will understand. */
  function lineOf(entry: LedgerEntry): string {
    const line = JSON.stringify(entry);
    if (!entryIn(line)) throw unusable("cannot hold an entry that is not valid", undefined);
    return line;
  }

  /** Adds a line on disk, and its line end where a killed writer left none. */
  async function append(line: string, isDurable: boolean): Promise<void> {
    const { open } = await import("node:fs/promises");
    const file = await open(path, "a+", 0o600);
    try {
      const { size } = await file.stat();
      const { buffer: first } = await file.read(Buffer.alloc(HEADER.length), 0, HEADER.length, 0);
      const { buffer: last } = await file.read(Buffer.alloc(1), 0, 1, Math.max(size - 1, 0));
      // What is shorter is the header of a writer that was killed.
      const isLedger = HEADER.startsWith(first.toString("utf8", 0, Math.min(size, HEADER.length)));
      if (!isLedger) throw unusable("is not a ledger", undefined);
      const begin = size < HEADER.length ? HEADER.slice(size) : "";
      const end = begin !== "" || last.toString() !== "\n" ? "\n" : "";
      await file.appendFile(`${begin}${end}${line}\n`);
      if (isDurable) await file.datasync();
    } finally {
      await file.close();
    }
  }

  async function read() {
    const { readFile } = await import("node:fs/promises");
    let content: string;
    try {
      content = await readFile(path, "utf8");
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === "ENOENT") return { lines: [], damaged: [] };
      throw cause;
    }
    const [header = "", ...rest] = content.split("\n");
    if (!HEADER.startsWith(header)) throw unusable("is not a ledger", undefined);
    const lines: LedgerEntry[] = [];
    const damaged: string[] = [];
    for (const line of rest) {
      if (line === "") continue;
      const entry = entryIn(line);
      if (entry) lines.push(entry);
      else damaged.push(line);
    }
    return { lines, damaged };
  }

  const used = <result>(what: string, work: () => Promise<result>): Promise<result> =>
    lock(work).catch((cause: unknown) => {
      throw cause instanceof Refusal ? cause : unusable(what, cause);
    });

  return {
    // The outcome of a movement can be read from the chain again; that it was signed must outlive even a loss of power.
    append: (entry) => used("cannot be written", () => append(lineOf(entry), entry.status === "open")),
    read: () =>
      used("cannot be read", read).catch((error: Refusal) => {
        // Who may not write here cannot lock, and may still look; at worst, the last line is unfinished.
        if (!["EACCES", "EROFS"].includes(Object(error.cause).code)) throw error;
        return read().catch((cause: unknown) => {
          throw unusable("cannot be read", cause);
        });
      }),
  };
}

function entryIn(line: string): LedgerEntry | undefined {
  try {
    return lineSchema.parse(JSON.parse(line)) as LedgerEntry;
  } catch {
    return undefined;
  }
}
