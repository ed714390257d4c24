import * as z from "zod/mini";
import type { HeldSlot } from "./HeldSlot.ts";
import type { Purchase } from "./PaymentStore.ts";

const text = z.string();
const natural = z.pipe(
  z.string().check(z.regex(/^(0|[1-9]\d{0,77})$/)),
  z.transform((digits: string) => BigInt(digits)),
);
const second = z.int().check(z.nonnegative());

/** A reserved slot, or the amount of an execution, as a store writes it down. */
const slotSchema = z.object({
  period: natural,
  lot: natural,
  size: z.int().check(z.gte(0), z.lte(7)),
  index: natural,
  payee: z.pipe(
    z.string().check(z.regex(/^0x[0-9a-fA-F]{40}$/)),
    z.transform((payee) => payee as `0x${string}`),
  ),
  heldUntil: second,
  amount: z.optional(natural),
});

export const storedSlot = z.pipe(
  slotSchema,
  z.transform((slot) => slot as HeldSlot),
);

const storedPurchase = z.object({
  id: text,
  request: text,
  claim: z.optional(z.object({ by: text, beat: z.number() })),
  payment: z.optional(text),
  done: z.boolean(),
  told: z.optional(z.boolean()),
  until: second,
});

/** What is remembered under one name, as a store writes it down. */
export const storedPurchases = z.pipe(
  z.array(storedPurchase),
  z.transform((purchases) => purchases as Purchase[]),
);

/** As JSON on one line; equal slots have equal texts. */
export const slotText = ({ period, lot, size, index, payee, heldUntil, amount }: HeldSlot): string =>
  entryText({ period, lot, size, index, payee, heldUntil, amount });

/** As JSON on one line. */
export const entryText = (entry: unknown): string =>
  JSON.stringify(entry, (_, value) => (typeof value === "bigint" ? `${value}` : value));
