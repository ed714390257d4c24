import { type Address, type Hex, isAddress, isHex, maxUint128, size } from "viem";
import * as z from "zod/mini";

/** An address, kept as it is written; mixed case must be its checksum. */
export const addressSchema = z.custom<Address>(
  (text) => typeof text === "string" && isAddress(text),
  "not a valid address, or a wrong checksum",
);

/** Bytes in hex. */
export const hexSchema = z.custom<Hex>(
  (text) => typeof text === "string" && isHex(text) && text.length % 2 === 0,
  "not bytes in hex",
);

/** A number of bytes in hex. */
export const bytesSchema = (length: number) =>
  z.custom<Hex>(
    (text) =>
      typeof text === "string" && isHex(text) && text.length === 2 + 2 * length && size(text) === length,
    `not ${length} bytes of hex`,
  );

/** A quantity in hex, within 256 bits. */
export const quantitySchema = z.custom<Hex>(
  (text) => typeof text === "string" && /^0x[0-9a-fA-F]{1,64}$/.test(text),
  "not a quantity in hex",
);

/** An amount in hex that a budget can hold, as a bigint. */
export const amountSchema = z
  .pipe(
    quantitySchema,
    z.transform((text) => BigInt(text)),
  )
  .check(z.refine((amount) => amount <= maxUint128, "more than 128 bits"));

/** A whole number of at least 0. */
export const wholeSchema = (below: number) => z.int().check(z.nonnegative(), z.lt(below));

/** Untrusted text: a maximum of characters, counted as code points, and not blank. */
export const wordsSchema = (most: number) =>
  z.string().check(
    z.refine((text) => text.length <= 2 * most && [...text].length <= most, `more than ${most} characters`),
    z.refine((text) => text.trim() !== "", "blank"),
  );
