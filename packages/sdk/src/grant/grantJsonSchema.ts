import * as z from "zod/mini";
import { GRANT_SCHEMA_ID } from "./Grant.ts";
import { grantSchema } from "./grantSchema.ts";

/** Descriptions of the schema's fields. */
const descriptions: { readonly [path: string]: string } = {
  "session.key": "The address of the agent's key. The key itself is never in this file.",
  "session.validAfter": "First second of validity, Unix time; period 0 starts there.",
  "session.validUntil": "First second after it.",
  "session.gasAllowance": "Wei. 2^128 - 1: unlimited.",
  "session.budgets.token": "The zero address is the chain's native coin.",
  "session.budgets.perTransaction": "Base units of the token, as all amounts here.",
  "session.budgets.period": "Seconds.",
  "session.budgets.signatures":
    "Which signed payments: 0 none, 1 EIP-3009, Permit2 by x402: 2 exact, 4 upto, 6 both.",
  "session.budgets.sizes":
    "How many sizes of signed payments there are, each a quarter (with Permit2: half) of the one before; 0 if signatures is 0.",
  signature: "In the account's own format; 0x: the account itself must have enabled the session.",
};

type JsonSchema = { properties?: { [name: string]: JsonSchema }; items?: JsonSchema; description?: string };

/** The schema of a field, by its path. */
const fieldOf = (schema: JsonSchema, path: string): JsonSchema | undefined =>
  path.split(".").reduce<JsonSchema | undefined>((at, name) => (at?.items ?? at)?.properties?.[name], schema);

/**
 * The JSON Schema (2020-12) of a grant file, for programs in other languages and for editors; it is in the repository as
 * `packages/sdk/schemas/grant-1.schema.json` too. It fixes the form. {@link parseGrant} checks more: checksums of addresses, the bits
 * that a number has, and every bound that the module checks.
 */
export const grantJsonSchema: { readonly [keyword: string]: unknown } = /* @__PURE__ */ (() => {
  const { $schema, ...schema } = z.toJSONSchema(grantSchema, { io: "input", reused: "inline" });
  for (const [path, description] of Object.entries(descriptions)) {
    const field = fieldOf(schema as JsonSchema, path);
    if (field) field.description = description;
  }
  return {
    $schema,
    $id: GRANT_SCHEMA_ID,
    title: "Latchkey grant",
    description: "A session and its owner's signature over it. It holds no secret: the key is kept apart.",
    ...schema,
  };
})();
