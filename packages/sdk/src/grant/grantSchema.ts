import { type Address, getAddress, type Hex, isAddress } from "viem";
import * as z from "zod/mini";
import { ACCOUNT_KINDS } from "../accounts/accountAdapterOf.ts";
import { type FieldReader, sessionSchemas } from "../session/schema.ts";
import { GRANT_VERSION } from "./Grant.ts";

const hex = (pattern: string, what: string) =>
  z.pipe(
    z.string().check(z.regex(new RegExp(`^0x${pattern}$`), what)),
    z.transform((text): Hex => text as Hex),
  );

const address = z.pipe(
  z.string().check(z.regex(/^0x[0-9a-fA-F]{40}$/, { error: "not a valid address", abort: true })),
  z.transform((text, { issues }): Address => {
    if (isAddress(text)) return getAddress(text);
    issues.push({ code: "custom", input: text, message: "wrong checksum" });
    return z.NEVER;
  }),
);

/** Most decimal digits of a number with this many bits. */
const digits = (bits: number) => String(2n ** BigInt(bits) - 1n).length;

/** Fields in JSON, in one form each: numbers beyond JSON's precision are decimal strings. */
const file: FieldReader = {
  address,
  bytes: (length) => hex(`[0-9a-fA-F]{${2 * length}}`, `not ${length} bytes of hex`),
  whole: (bits, { below = 2 ** bits } = {}) => z.int().check(z.gte(0), z.lt(below)),
  amount: (bits) =>
    z.pipe(
      z.string().check(
        z.regex(new RegExp(`^(0|[1-9][0-9]{0,${digits(bits) - 1}})$`), {
          error: `not a decimal string of at most ${digits(bits)} digits`,
          abort: true,
        }),
      ),
      z.transform((text, { issues }): bigint => {
        const amount = BigInt(text);
        if (amount >= 1n << BigInt(bits))
          issues.push({ code: "custom", input: text, message: `does not fit ${bits} bits` });
        return amount;
      }),
    ),
  list: (item, { least = 0, most }) =>
    z.array(item).check(...(least > 0 ? [z.minLength(least)] : []), z.maxLength(most)),
  object: z.strictObject as unknown as FieldReader["object"],
};

/** A grant file. Unknown fields are rejected: a later version is never read as if it were this one. */
export const grantSchema = z.strictObject({
  $schema: z.optional(z.string()),
  version: z.literal(GRANT_VERSION),
  chainId: z.int().check(z.gte(1)),
  module: address,
  accountKind: z.enum(ACCOUNT_KINDS),
  session: sessionSchemas(file).session,
  signature: hex("([0-9a-fA-F]{2})*", "not valid hex"),
});
