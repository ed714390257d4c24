import { type Address, getAddress, type Hex, isAddress, isHex, size } from "viem";
import * as z from "zod/mini";
import { checkSession } from "../checkSession.ts";
import { InvalidGrant } from "../errors/InvalidGrant.ts";
import { parseJson } from "../json.ts";
import { faultWords } from "../units/faultWords.ts";
import { GRANT_VERSION, type Grant } from "./Grant.ts";
import { grantSession } from "./grantSession.ts";

const address = z.pipe(
  z.string().check(z.refine((text) => isAddress(text), "no address, or a wrong checksum")),
  z.transform((text): Address => getAddress(text)),
);
const hex = z.custom<Hex>((text) => typeof text === "string" && isHex(text), "no hex");
const bytes = (length: number) => hex.check(z.refine((text) => size(text) === length, `not ${length} bytes`));
const whole = (below: number) => z.int().check(z.nonnegative(), z.lt(below));
/** A decimal string without sign or leading zeros, within so many bits. */
const decimal = (bits: bigint) =>
  z.string().check(
    // What is not decimal cannot be measured either.
    z.regex(/^(0|[1-9]\d*)$/, { error: "no decimal string", abort: true }),
    z.refine((text) => text.length <= 78 && BigInt(text) < 1n << bits, `more than ${bits} bits`),
  );

const grantSchema = z.strictObject({
  $schema: z.optional(z.string()),
  version: z.literal(GRANT_VERSION),
  chainId: z.int().check(z.positive()),
  module: address,
  accountKind: z.enum(["safe", "openzeppelin", "reference", "nexus", "kernel", "safe7579"]),
  session: z.strictObject({
    account: address,
    key: address,
    validAfter: whole(2 ** 48),
    validUntil: whole(2 ** 47),
    epoch: decimal(64n),
    salt: decimal(256n),
    gasAllowance: decimal(128n),
    paymaster: address,
    budgets: z
      .array(
        z.strictObject({
          token: address,
          perTransaction: decimal(128n),
          perPeriod: decimal(128n),
          period: whole(2 ** 32),
          initial: decimal(128n),
          perSecond: decimal(128n),
          signatures: whole(2),
          sizes: whole(9),
          recipients: z.array(address).check(z.minLength(1), z.maxLength(32)),
        }),
      )
      .check(z.maxLength(8)),
    actions: z
      .array(
        z.strictObject({
          target: address,
          selector: bytes(4),
          rules: z
            .array(z.strictObject({ offset: whole(2 ** 16), op: whole(6), value: bytes(32) }))
            .check(z.maxLength(8)),
        }),
      )
      .check(z.maxLength(32)),
  }),
  signature: hex.check(z.refine((text) => text.length % 2 === 0, "half a byte too many")),
});

/**
 * Reads a grant file. Unknown fields are refused: a grant of a later version is never read as if it were this one.
 *
 * @param source The file's text, or what `JSON.parse` made of it.
 * @throws {InvalidGrant} INVALID_GRANT with the place of every fault in `details.faults`. Whether the account stands
 * by the grant only the chain knows: ask {@link verifyGrant}.
 */
export function parseGrant(source: unknown): Grant {
  let json = source;
  if (typeof source === "string") {
    try {
      json = parseJson(source);
    } catch (cause) {
      throw invalid("The grant is no JSON.", [], cause);
    }
  }
  const version = typeof json === "object" && json !== null && "version" in json ? json.version : undefined;
  if (typeof version === "number" && version !== GRANT_VERSION)
    throw invalid(`The grant is of version ${version}; this SDK reads version ${GRANT_VERSION}.`, []);
  const parsed = grantSchema.safeParse(json);
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => faultWords(issue, "grant"));
    throw invalid("The grant is not of the form that this SDK reads.", faults);
  }
  try {
    checkSession(grantSession(parsed.data), parsed.data.module);
  } catch (cause) {
    throw invalid("The grant's session breaks a bound that every session must keep.", [], cause);
  }
  const { $schema: _, ...grant } = parsed.data;
  return grant;
}

const invalid = (shortMessage: string, faults: readonly string[], cause?: unknown) =>
  new InvalidGrant({
    code: "INVALID_GRANT",
    shortMessage,
    metaMessages: ["Ask the owner for the grant file again, as it was made.", ...faults],
    details: { faults },
    cause,
  });
