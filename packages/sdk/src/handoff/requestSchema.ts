import { hexToBigInt } from "viem";
import * as z from "zod";
import { HANDOFF_VERSION } from "./HandoffRequest.ts";
import { isLoopbackCallback } from "./isLoopbackCallback.ts";
import { addressSchema, bytesSchema, quantitySchema, wordsSchema } from "./schemas.ts";

const detailSchema = z.record(z.string(), z.unknown());

const permissionSchema = z.strictObject({
  chainId: quantitySchema.refine(
    (id) => hexToBigInt(id) > 0n && hexToBigInt(id) <= BigInt(Number.MAX_SAFE_INTEGER),
    "no chain's number",
  ),
  from: addressSchema.optional(),
  to: addressSchema,
  permission: z.strictObject({
    type: z.string().max(64),
    isAdjustmentAllowed: z.boolean(),
    data: detailSchema,
  }),
  rules: z
    .array(z.strictObject({ type: z.string().max(64), data: detailSchema }))
    .max(8)
    .optional(),
});

/** The array that ERC-7715's `wallet_requestExecutionPermissions` takes. */
export const permissionsSchema = z.array(permissionSchema).min(1).max(16);

export const requestSchema = z.strictObject({
  version: z.literal(HANDOFF_VERSION),
  name: wordsSchema(64),
  nonce: bytesSchema(16),
  callback: z.string().refine(isLoopbackCallback, "no address of this machine").optional(),
  permissions: permissionsSchema,
});
