import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isRefusal, type Refusal } from "@latchkey/sdk";
import { writePrivateFile } from "@latchkey/sdk/node";
import { z } from "zod";
import { CommandError } from "./CommandError.ts";
import { EXIT, exitCodeOf } from "./exitCodes.ts";
import { jsonLine } from "./output.ts";

/** A refusal for a limit that the owner could raise, as it is kept. */
export type KeptRefusal = Pick<Refusal, "code" | "details"> & { message: string };

/** The limits that the owner can raise. */
const FOR_A_LIMIT = ["PER_TRANSACTION", "PERIOD", "RECIPIENT"] as const;
/** Milliseconds for which it is remembered: what was wanted yesterday is not asked for today. */
const DAY = 86_400_000;

const keptSchema = z.strictObject({
  version: z.literal(1),
  /** Unix time in milliseconds. */
  at: z.number(),
  code: z.enum(FOR_A_LIMIT),
  message: z.string(),
  details: z.record(z.string(), z.unknown()),
});

const fileIn = (folder: string) => join(folder, "refusal.json");

/**
 * Remembers why a payment was refused, if that is a limit that the owner could raise, for `latchkey more`.
 *
 * @returns What was thrown, with that command among what to do.
 */
export async function rememberRefusal(folder: string, error: unknown): Promise<unknown> {
  // With a nonce it is signed, and may still settle.
  if (!FOR_A_LIMIT.some((code) => isRefusal(error, code))) return error;
  const { code, details, shortMessage, metaMessages } = error as Refusal;
  if ("nonce" in details) return error;
  const kept = { version: 1, at: Date.now(), code, message: shortMessage, details };
  // That it cannot be kept is not why the payment was refused.
  const isKept = await writePrivateFile(fileIn(folder), jsonLine(kept), { replace: true }).then(
    () => true,
    () => false,
  );
  return new CommandError({
    code,
    exitCode: exitCodeOf(code),
    message: shortMessage,
    whatToDo: [...metaMessages, ...(isKept ? ["To ask the owner for this payment: latchkey more"] : [])],
    details,
    cause: error,
  });
}

/**
 * The last refusal for a limit.
 *
 * @throws {CommandError} NOTHING_REFUSED: there was none within a day.
 */
export async function lastRefusal(folder: string): Promise<KeptRefusal> {
  const text = await readFile(fileIn(folder), "utf8").catch(() => undefined);
  try {
    const { at, code, message, details } = keptSchema.parse(JSON.parse(text ?? ""));
    if (Date.now() - at < DAY) return { code, message, details };
  } catch {
    // It is only a memory: without it, the payment can be tried again.
  }
  throw new CommandError({
    code: "NOTHING_REFUSED",
    exitCode: EXIT.usage,
    message: "No payment was refused for a limit within a day, so there is nothing to ask for.",
    whatToDo: ["Try the payment first: latchkey pay or latchkey send."],
  });
}
