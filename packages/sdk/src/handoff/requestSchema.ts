import { hexToBigInt } from "viem";
import * as z from "zod/mini";
import { HANDOFF_VERSION } from "./HandoffRequest.ts";
import { addressSchema, bytesSchema, hexSchema, quantitySchema, wordsSchema } from "./schemas.ts";

const detailSchema = z.record(z.string(), z.unknown());

/** A request for one permission. */
export const permissionSchema = z.strictObject({
  chainId: quantitySchema.check(
    z.refine(
      (id) => hexToBigInt(id) > 0n && hexToBigInt(id) <= BigInt(Number.MAX_SAFE_INTEGER),
      "not a chain id",
    ),
  ),
  from: z.optional(addressSchema),
  to: addressSchema,
  permission: z.strictObject({
    type: z.string().check(z.maxLength(64)),
    isAdjustmentAllowed: z.boolean(),
    data: detailSchema,
  }),
  rules: z.optional(
    z
      .array(z.strictObject({ type: z.string().check(z.maxLength(64)), data: detailSchema }))
      .check(z.maxLength(8)),
  ),
});

/** The argument of ERC-7715's `wallet_requestExecutionPermissions`. */
export const permissionsSchema = z.array(permissionSchema).check(z.minLength(1), z.maxLength(16));

export const requestSchema = z.strictObject({
  version: z.literal(HANDOFF_VERSION),
  name: wordsSchema(64),
  nonce: bytesSchema(16),
  callback: z.optional(z.string().check(z.refine(isLoopbackCallback, "not a URL on this machine"))),
  answer: z.optional(z.literal("erc7715")),
  replaces: z.optional(z.strictObject({ module: addressSchema, session: hexSchema, signature: hexSchema })),
  permissions: permissionsSchema,
});

/**
 * Whether a callback leads only to the reader's own machine. It is compared with one plain form instead of being
 * parsed, so that no trick with URLs (credentials, look-alike hosts, escapes, notations of an IP) can
 * work.
 */
function isLoopbackCallback(callback: string): boolean {
  const match = /^http:\/\/(?:127\.0\.0\.1|localhost):([1-9][0-9]{0,4})\/[A-Za-z0-9_-]{1,128}$/.exec(
    callback,
  );
  return match !== null && Number(match[1]) <= 65_535;
}
