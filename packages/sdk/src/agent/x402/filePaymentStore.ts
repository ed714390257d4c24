import * as z from "zod/mini";
import { Refusal } from "../../errors/Refusal.ts";
import { writePrivateFile } from "../../internal/writePrivateFile.ts";
import { fileLock } from "./fileLock.ts";
import type { PaymentStore, Purchase } from "./PaymentStore.ts";
import { type RememberedPayments, rememberedPayments } from "./rememberedPayments.ts";
import { entryText, storedPurchases, storedSlot } from "./storedEntries.ts";

const text = z.string();

/** The first line. Its id is new whenever the file is replaced, so that a process notices. */
const headerSchema = z.object({
  format: z.literal("latchkey-payments"),
  version: z.literal(1),
  id: z.uuid(),
});
const newHeader = (): string => {
  const header = { format: "latchkey-payments", version: 1, id: globalThis.crypto.randomUUID() };
  return `${JSON.stringify(header)}\n`;
};

/** Every other line: one change. */
const lineSchema = z.union([
  z.object({ account: text, budget: text, hold: storedSlot }),
  z.object({ account: text, budget: text, release: storedSlot }),
  z.object({ account: text, name: text, purchases: storedPurchases }),
]);
type Line = z.infer<typeof lineSchema>;

/** Lines that say nothing any more, beyond as many as say something, before the file is replaced. */
const STALE_LINES = 1000;

/** Deleted for a wrong owner or a full disk, the file would forget payments that may still settle. */
const UNUSABLE: readonly [string, ...string[]] = [
  "Nothing was signed. Check the file and its folder: their owner, their mode, and the space on the disk.",
  "Do not delete the file: it remembers payments that may still settle.",
];

/**
 * A {@link PaymentStore} in one file, for agents that restart and for several processes on one machine. The file is
 * readable by its user only (mode 0600) and holds no key. Changes are appended to it; now and then it is replaced,
 * atomically, by what is left. While it is written, `<path>.lock` exists beside it; the lock of a dead process is taken over.
 *
 * A process reads what others have appended, not the whole file: on a laptop's two cores a take lasts 2 ms, with 20,000
 * slots held as with none.
 *
 * Node only, so it has its own entry point: `import { filePaymentStore } from "@latchkey/sdk/node"`.
 *
 * @param path Of the file; its folder must exist. Do not put it on a network drive: locks need link semantics that
 * these do not always have.
 * @param options.lockTimeout Milliseconds to wait while others use the file. Default: 10,000.
 * @throws {Refusal} STORE if the file exists but is not a payment store (it is never treated as empty), or
 * if others hold the lock for longer.
 */
export function filePaymentStore(path: string, { lockTimeout = 10_000 } = {}): PaymentStore {
  const lock = fileLock(`${path}.lock`, lockTimeout);
  const nothing = () => ({ header: "", end: 0, lines: 0, remembered: rememberedPayments() });
  /** What was read so far, up to which byte. */
  let known = nothing();

  /**
   * Reads what was appended since.
   *
   * @param repair Whether to cut off an unfinished last line, whose writer was killed: nobody relies on it. Only under
   * the lock, as otherwise its writer may be alive.
   */
  async function read(repair: boolean): Promise<RememberedPayments> {
    const { open } = await import("node:fs/promises");
    let file: Awaited<ReturnType<typeof open>>;
    try {
      file = await open(path, repair ? "r+" : "r");
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== "ENOENT")
        throw unusable(repair ? "cannot be opened for writing" : "cannot be read", cause);
      known = nothing();
      return known.remembered;
    }
    const bytesBetween = async (from: number, to: number): Promise<Buffer> => {
      const bytes = Buffer.alloc(Math.max(to - from, 0));
      let filled = 0;
      while (filled < bytes.length) {
        const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, from + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return bytes.subarray(0, filled);
    };
    try {
      const { size } = await file.stat();
      const isSame =
        known.end > 0 &&
        size >= known.end &&
        (await bytesBetween(0, known.header.length)).toString() === known.header;
      const from = isSame ? known : nothing();
      const bytes = await bytesBetween(from.end, size);
      const complete = bytes.lastIndexOf("\n") + 1;
      const lines = bytes.toString("utf8", 0, complete).split("\n").slice(0, -1);
      let { header } = from;
      try {
        if (from.end === 0) {
          const first = lines.shift() ?? "";
          headerSchema.parse(JSON.parse(first));
          header = `${first}\n`;
        }
        for (const line of lines) apply(from.remembered, lineSchema.parse(JSON.parse(line)));
      } catch (cause) {
        known = nothing();
        throw unusable("is damaged or is not a payment store", cause, [
          "Nothing was signed. If the file cannot be repaired, stop every agent of the session, wait an hour, so that",
          "their payments have settled or expired, delete it, and start again.",
        ]);
      }
      const end = from.end + complete;
      known = { header, end, lines: from.lines + lines.length, remembered: from.remembered };
      if (repair && end < size) await file.truncate(end);
      return known.remembered;
    } catch (cause) {
      throw cause instanceof Refusal ? cause : unusable("cannot be read", cause);
    } finally {
      await file.close();
    }
  }

  /** Writes a change down, then makes it. Under the lock, after {@link read}. */
  async function write(line: Line, isDurable: boolean): Promise<void> {
    const { open } = await import("node:fs/promises");
    const added = textOf(line);
    try {
      if (known.end === 0) {
        const header = newHeader();
        await writePrivateFile(path, header, { replace: false });
        known = { ...known, header, end: header.length };
      }
      const file = await open(path, "a");
      try {
        await file.appendFile(added);
        if (isDurable) await file.datasync();
      } finally {
        await file.close();
      }
    } catch (cause) {
      throw unusable("cannot be written", cause);
    }
    apply(known.remembered, line);
    known = { ...known, end: known.end + Buffer.byteLength(added), lines: known.lines + 1 };
    await compact();
  }

  /**
   * Replaces the file where most of its lines say nothing any more. If that fails, the change is stored all the same.
   */
  async function compact(): Promise<void> {
    const { lines, remembered } = known;
    if (lines < STALE_LINES) return;
    const { budgets, purchases } = remembered.entries();
    const left: Line[] = [
      ...budgets.flatMap(({ account, budget, held }) => held.map((hold) => ({ account, budget, hold }))),
      ...purchases.map((each) => ({ ...each, purchases: [...each.purchases] })),
    ];
    if (lines < 2 * left.length + STALE_LINES) return;
    await writePrivateFile(path, newHeader() + left.map(textOf).join(""), { replace: true }).catch(() => {});
  }

  const unusable = (what: string, cause: unknown, metaMessages = UNUSABLE) =>
    new Refusal({
      code: "STORE",
      shortMessage: `The payment store ${path} ${what}.`,
      metaMessages,
      details: { path },
      cause,
    });

  return {
    take: ({ now, choose, ...budget }) =>
      lock(async () => {
        const remembered = await read(true);
        remembered.dropBefore(budget.account, now);
        const chosen = choose(remembered.slotsOf(budget).all());
        if (chosen) await write({ ...budget, hold: chosen }, false);
        return chosen;
      }),
    release: (budget, slot) =>
      lock(async () => {
        const remembered = await read(true);
        const held = remembered.slotsOf(budget).find(slot);
        if (held) await write({ ...budget, release: held }, false);
      }),
    // Lines are complete or ignored, so reading needs no lock.
    held: async (budget) => [...(await read(false)).slotsOf(budget).all()],
    change: ({ account, name, change }) =>
      lock(async () => {
        const remembered = await read(true);
        const before = remembered.purchasesOf(account, name);
        const changed = change(before);
        if (!changed) return before;
        await write({ account, name, purchases: [...changed] }, isDurable(before, changed));
        return changed;
      }),
  };
}

/** A payment that is about to be sent must outlive even a loss of power. */
const isDurable = (before: readonly Purchase[], after: readonly Purchase[]): boolean =>
  after.some(({ payment }) => payment !== undefined && !before.some((each) => each.payment === payment));

const textOf = (line: Line): string => `${entryText(line)}\n`;

function apply(remembered: RememberedPayments, line: Line): void {
  if ("hold" in line) remembered.slotsOf(line).add(line.hold);
  else if ("release" in line) remembered.slotsOf(line).remove(line.release);
  else remembered.setPurchases(line.account, line.name, line.purchases);
}
