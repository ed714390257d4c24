import * as z from "zod/mini";
import type { HeldSlot } from "./HeldSlot.ts";
import type { Purchase } from "./PaymentStore.ts";

const text = z.string();
const natural = z.pipe(
  z.string().check(z.regex(/^(0|[1-9]\d{0,77})$/)),
  z.transform((digits: string) => BigInt(digits)),
);
const second = z.int().check(z.nonnegative());

/** A reserved slot, as a store writes it down. */
export const storedSlot = z.object({
  period: natural,
  lot: natural,
  size: z.int().check(z.gte(0), z.lte(7)),
  index: natural,
  payee: z.pipe(
    z.string().check(z.regex(/^0x[0-9a-fA-F]{40}$/)),
    z.transform((payee) => payee as `0x${string}`),
  ),
  heldUntil: second,
});

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
export const slotText = ({ period, lot, size, index, payee, heldUntil }: HeldSlot): string =>
  entryText({ period, lot, size, index, payee, heldUntil });

/** As JSON on one line. */
export const entryText = (entry: unknown): string =>
  JSON.stringify(entry, (_, value) => (typeof value === "bigint" ? `${value}` : value));
