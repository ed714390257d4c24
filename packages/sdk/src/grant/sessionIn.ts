import { InvalidGrant } from "../errors/InvalidGrant.ts";
import { readSession } from "../session/readSession.ts";
import type { Session } from "../session/Session.ts";
import type { SessionCarrier } from "./SessionCarrier.ts";

/**
 * The session of a grant (or of a proposal) as the contracts have it, amounts as bigints.
 *
 * @throws {InvalidGrant} INVALID_GRANT: the grant or its session is missing.
 * @throws {InvalidInput} MALFORMED_SESSION: a value of the session has another type, or does not fit its field.
 */
export function sessionIn(grant: Pick<SessionCarrier, "session">): Session {
  if (typeof grant === "object" && grant !== null && grant.session) return readSession(grant.session);
  throw new InvalidGrant({
    code: "INVALID_GRANT",
    shortMessage: grant ? "The grant has no session." : "The grant is missing.",
    metaMessages: ["Pass a proposal from proposeSession, or a grant from signGrant or parseGrant."],
  });
}
