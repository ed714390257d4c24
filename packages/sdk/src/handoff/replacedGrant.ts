import { isAddressEqual } from "viem";
import { loggable } from "../errors/json.ts";
import { Refusal } from "../errors/Refusal.ts";
import { GRANT_VERSION, type Grant } from "../grant/Grant.ts";
import { checkSession } from "../session/checkSession.ts";
import type { Session } from "../session/Session.ts";
import { decodeSession } from "../session/unpackSession.ts";
import type { HandoffRequest } from "./HandoffRequest.ts";
import { invalidRequest } from "./invalidRequest.ts";
import { joinPermissions } from "./joinPermissions.ts";
import { requestSchema } from "./requestSchema.ts";
import { schemaFaults } from "./schemaFaults.ts";

/** A grant as a request has it, which does not name the kind of its account. */
export type ReplacedGrant = Omit<Grant, "accountKind">;

/**
 * The grant that a request wants replaced. A request can only replace a session of its own key and of the account that it
 * names, so no agent ends another's. Whether that session was ever granted, and whether it still is, only the chain knows:
 * {@link verifyGrant}.
 *
 * @returns Undefined if the request replaces nothing.
 * @throws {InvalidInput} INVALID_REQUEST: it names no account, or a session of another key or account, or the bytes are not a session.
 */
export function replacedGrant(request: HandoffRequest): ReplacedGrant | undefined {
  const parsed = requestSchema.safeParse(request);
  if (!parsed.success) throw invalidRequest("The request is malformed.", schemaFaults(parsed.error));
  const { replaces, answer } = parsed.data;
  const { chainId, key, from } = joinPermissions(parsed.data);
  if (!replaces) return undefined;
  if (answer !== undefined)
    throw invalidRequest("The request replaces a session, which ERC-7715's answers cannot show.");
  if (from === undefined) throw invalidRequest("The request replaces a session, but names no account.");
  let session: Session;
  try {
    // A part that was left out is a hash, which the check rejects.
    session = decodeSession(replaces.session) as Session;
    checkSession(session, replaces.module);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw invalidRequest("The session to replace cannot be read.");
  }
  if (!isAddressEqual(session.key, key))
    throw invalidRequest("The request would replace a session of another key.");
  if (!isAddressEqual(session.account, from))
    throw invalidRequest("The request would replace a session of another account.");
  const { module, signature } = replaces;
  return loggable({ version: GRANT_VERSION, chainId, module, session, signature });
}
