import { ACCOUNT_KINDS } from "../accounts/accountAdapterOf.ts";
import { GRANT_VERSION } from "./Grant.ts";

const address = { type: "string", pattern: "^0x[0-9a-fA-F]{40}$" } as const;
const bytes = (length: number) => ({ type: "string", pattern: `^0x[0-9a-fA-F]{${2 * length}}$` }) as const;
const whole = (below: number) => ({ type: "integer", minimum: 0, exclusiveMaximum: below }) as const;
/** A whole number that JSON's own could not hold: without sign or leading zeros, of so many digits at most. */
const decimal = (digits: number) =>
  ({ type: "string", pattern: `^(0|[1-9][0-9]{0,${digits - 1}})$` }) as const;
const object = <const properties extends Record<string, unknown>>(properties: properties) => ({
  type: "object" as const,
  additionalProperties: false as const,
  required: Object.keys(properties),
  properties,
});

const session = object({
  account: address,
  key: { ...address, description: "The address of the agent's key. The key itself is never in this file." },
  validAfter: {
    ...whole(2 ** 48),
    description: "First second of validity, Unix time; period 0 begins there.",
  },
  validUntil: { ...whole(2 ** 47), description: "First second after it." },
  epoch: decimal(20),
  salt: decimal(78),
  gasAllowance: { ...decimal(39), description: "Wei. 2^128 - 1: not counted." },
  paymaster: address,
  budgets: {
    type: "array",
    maxItems: 8,
    items: object({
      token: { ...address, description: "The zero address is the chain's native coin." },
      perTransaction: { ...decimal(39), description: "Base units of the token, as all amounts here." },
      perPeriod: decimal(39),
      period: { ...whole(2 ** 32), description: "Seconds." },
      initial: decimal(39),
      perSecond: decimal(39),
      signatures: { ...whole(2), description: "Which signed payments: 0 none, 1 EIP-3009." },
      sizes: { ...whole(9), description: "Into how many sizes a lot can be cut; 0 where signatures is 0." },
      recipients: { type: "array", minItems: 1, maxItems: 32, items: address },
    }),
  },
  actions: {
    type: "array",
    maxItems: 32,
    items: object({
      target: address,
      selector: bytes(4),
      rules: {
        type: "array",
        maxItems: 8,
        items: object({ offset: whole(2 ** 16), op: whole(6), value: bytes(32) }),
      },
    }),
  },
});

/** What `$schema` says in a grant file of this version, and `$id` in its schema. */
export const GRANT_SCHEMA_ID = `urn:latchkey:grant:${GRANT_VERSION}` as const;

/**
 * The JSON Schema (2020-12) of a grant file, for programs in other languages and for editors; it is in the repository as
 * `packages/sdk/schemas/grant-1.schema.json` too. It fixes the form. {@link parseGrant} checks more: checksums of addresses, the bits
 * that a number has, and every bound that the module checks.
 */
export const grantJsonSchema = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  $id: GRANT_SCHEMA_ID,
  title: "Latchkey grant",
  description: "A session and its owner's signature over it. It holds no secret: the key is kept apart.",
  type: "object",
  additionalProperties: false,
  required: ["version", "chainId", "module", "accountKind", "session", "signature"],
  properties: {
    $schema: { type: "string" },
    version: { const: GRANT_VERSION },
    chainId: { type: "integer", minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
    module: address,
    accountKind: { enum: ACCOUNT_KINDS },
    session,
    signature: {
      type: "string",
      pattern: "^0x([0-9a-fA-F]{2})*$",
      description: "In the account's own form; 0x: the account itself must have enabled the session.",
    },
  },
} as const;
