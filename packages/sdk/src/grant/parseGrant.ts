import { InvalidGrant } from "../errors/InvalidGrant.ts";
import { jsonOf, loggable, parseJson } from "../errors/json.ts";
import { faultWords } from "../internal/faultWords.ts";
import { checkSession } from "../session/checkSession.ts";
import { GRANT_VERSION, type Grant } from "./Grant.ts";
import { grantSchema } from "./grantSchema.ts";

/**
 * Parses a grant file. Unknown fields are rejected: a grant of a later version is never read as if it were this one.
 *
 * @param source The file's text, its parsed JSON, or a grant.
 * @throws {InvalidGrant} INVALID_GRANT with the path of every fault in `details.faults`. Only the chain knows whether
 * the account accepts the grant: use {@link verifyGrant}.
 */
export function parseGrant(source: unknown): Grant {
  let json: unknown;
  try {
    json = typeof source === "string" ? parseJson(source) : jsonOf(source);
  } catch (cause) {
    throw invalid("The grant is not valid JSON.", [], cause);
  }
  const version = typeof json === "object" && json !== null && "version" in json ? json.version : undefined;
  if (typeof version === "number" && version !== GRANT_VERSION)
    throw invalid(`The grant has version ${version}; this SDK supports version ${GRANT_VERSION}.`, []);
  const parsed = grantSchema.safeParse(json);
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => faultWords(issue, "grant"));
    throw invalid("The grant is malformed.", faults);
  }
  try {
    checkSession(parsed.data.session, parsed.data.module);
  } catch (cause) {
    throw invalid("The grant's session is malformed.", [], cause);
  }
  const { $schema: _, ...grant } = parsed.data;
  return loggable(grant);
}

const invalid = (shortMessage: string, faults: readonly string[], cause?: unknown) =>
  new InvalidGrant({
    code: "INVALID_GRANT",
    shortMessage,
    metaMessages: ["Ask the owner for the original grant file.", ...faults],
    details: { faults },
    cause,
  });
