import { InvalidGrant } from "../errors/InvalidGrant.ts";
import { jsonOf, loggable, parseJson } from "../errors/json.ts";
import { faultWords } from "../internal/faultWords.ts";
import { checkSession } from "../session/checkSession.ts";
import { GRANT_VERSION, type Grant } from "./Grant.ts";
import { grantSchema } from "./grantSchema.ts";

/**
 * Reads a grant file. Unknown fields are refused: a grant of a later version is never read as if it were this one.
 *
 * @param source The file's text, or what `JSON.parse` made of it, or a grant.
 * @throws {InvalidGrant} INVALID_GRANT with the place of every fault in `details.faults`. Whether the account stands
 * by the grant only the chain knows: ask {@link verifyGrant}.
 */
export function parseGrant(source: unknown): Grant {
  let json: unknown;
  try {
    json = typeof source === "string" ? parseJson(source) : jsonOf(source);
  } catch (cause) {
    throw invalid("The grant is no JSON.", [], cause);
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
    checkSession(parsed.data.session, parsed.data.module);
  } catch (cause) {
    throw invalid("The grant's session breaks a bound that every session must keep.", [], cause);
  }
  const { $schema: _, ...grant } = parsed.data;
  return loggable(grant);
}

const invalid = (shortMessage: string, faults: readonly string[], cause?: unknown) =>
  new InvalidGrant({
    code: "INVALID_GRANT",
    shortMessage,
    metaMessages: ["Ask the owner for the grant file again, as it was made.", ...faults],
    details: { faults },
    cause,
  });
