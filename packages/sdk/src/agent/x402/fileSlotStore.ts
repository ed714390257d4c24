import * as z from "zod/mini";
import { Refusal } from "../../errors/Refusal.ts";
import { writePrivateFile } from "../../internal/writePrivateFile.ts";
import { fileLock } from "./fileLock.ts";
import type { HeldSlot } from "./HeldSlot.ts";
import type { SlotStore } from "./SlotStore.ts";
import { slotKey } from "./slotKey.ts";

const natural = z.pipe(
  z.string().check(z.regex(/^(0|[1-9]\d{0,77})$/)),
  z.transform((text: string) => BigInt(text)),
);

const contentsSchema = z.object({
  format: z.literal("latchkey-slots"),
  version: z.literal(1),
  budgets: z.record(
    z.string(),
    z.array(
      z.object({
        period: natural,
        lot: natural,
        size: z.int().check(z.gte(0), z.lte(7)),
        index: natural,
        payee: z.pipe(
          z.string().check(z.regex(/^0x[0-9a-fA-F]{40}$/)),
          z.transform((payee) => payee as `0x${string}`),
        ),
        heldUntil: z.int().check(z.nonnegative()),
      }),
    ),
  ),
});

type Budgets = { [key: string]: readonly HeldSlot[] };

/**
 * A {@link SlotStore} in one file, for agents that restart and for several processes on one machine. The file is
 * readable by its user only (mode 0600), is replaced atomically, and holds no secret. While it is
 * written, `<path>.lock` exists beside it; the lock of a dead process is taken over.
 *
 * Node only, so it has its own entry point: `import { fileSlotStore } from "@latchkey/sdk/node"`.
 *
 * @param path Of the file; its folder must exist. Do not put it on a network drive: locks need link semantics that
 * these do not always have.
 * @param options.lockTimeout Milliseconds to wait while others use the file. Default: 10,000.
 * @throws {Refusal} STORE if the file exists but is not a slot store (it is never treated as empty), or
 * if others hold the lock for longer.
 */
export function fileSlotStore(path: string, { lockTimeout = 10_000 } = {}): SlotStore {
  const lock = fileLock(`${path}.lock`, lockTimeout);

  async function read(): Promise<Budgets> {
    const { readFile } = await import("node:fs/promises");
    let text: string;
    try {
      text = await readFile(path, "utf8");
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === "ENOENT") return {};
      throw unusable("cannot be read", cause);
    }
    try {
      return contentsSchema.parse(JSON.parse(text)).budgets;
    } catch (cause) {
      throw unusable("is damaged or is not a slot store", cause);
    }
  }

  async function write(budgets: Budgets): Promise<void> {
    const contents = { format: "latchkey-slots", version: 1, budgets };
    const text = JSON.stringify(contents, (_, value) => (typeof value === "bigint" ? `${value}` : value), 1);
    try {
      await writePrivateFile(path, `${text}\n`, { replace: true });
    } catch (cause) {
      throw unusable("cannot be written", cause);
    }
  }

  const unusable = (what: string, cause: unknown) =>
    new Refusal({
      code: "STORE",
      shortMessage: `The slot store ${path} ${what}.`,
      metaMessages: [
        "Nothing was signed. If the file cannot be repaired, stop every agent of the session, wait six minutes,",
        "so that their payments have settled or expired, delete it, and start again.",
      ],
      details: { path },
      cause,
    });

  return {
    take: ({ key, now, choose }) =>
      lock(async () => {
        const budgets = await read();
        const before = budgets[key] ?? [];
        const held = before.filter((slot) => slot.heldUntil >= now);
        const chosen = choose(held);
        if (chosen) await write({ ...budgets, [key]: [...held, chosen] });
        return chosen;
      }),
    release: (key, slot) =>
      lock(async () => {
        const { [key]: before = [], ...others } = await read();
        const held = before.filter((each) => each.period !== slot.period || slotKey(each) !== slotKey(slot));
        await write(held.length > 0 ? { ...others, [key]: held } : others);
      }),
    // A rename is atomic, so reading needs no lock.
    held: async (key) => (await read())[key] ?? [],
  };
}
