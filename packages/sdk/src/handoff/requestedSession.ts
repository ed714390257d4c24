import { type Address, isAddressEqual } from "viem";
import { InvalidInput } from "../errors/InvalidInput.ts";
import { loggable } from "../errors/json.ts";
import { parseAddress } from "../internal/parseAddress.ts";
import { randomSalt } from "../session/randomSalt.ts";
import type { Session } from "../session/Session.ts";
import type { HandoffRequest } from "./HandoffRequest.ts";
import { invalidRequest } from "./invalidRequest.ts";
import { joinPermissions } from "./joinPermissions.ts";
import { requestSchema } from "./requestSchema.ts";
import { schemaFaults } from "./schemaFaults.ts";

/** What a session needs besides the request. */
export type RequestedSessionParameters = {
  /** The granting account. */
  account: Address;
  /** The chain's time, in seconds: when the session starts, unless the request says otherwise. */
  now: number;
  /** The account's epoch in the module. Default: 0, an account that never revoked all its sessions. */
  epoch?: bigint;
  /** Default: 6 random bytes, so that a request whose session was revoked can be granted again. */
  salt?: bigint;
};

/**
 * The requested session, exactly: nothing is added, and what one session cannot express is rejected.
 *
 * Supported are `native-token-` and `erc20-token-` `allowance`, `periodic` and `stream` in MetaMask's format, which
 * may pay anyone unless a rule `payee` names addresses, and `latchkey-session` ({@link LatchkeySessionData}). Every
 * permission needs the rule `expiry`; a rule `redeemer` may only name the key.
 *
 * @throws {InvalidInput} INVALID_REQUEST: it cannot become a session, or not one of this account; INVALID_TIME: it has
 * expired.
 */
export function requestedSession(request: HandoffRequest, parameters: RequestedSessionParameters): Session {
  const account = parseAddress(parameters.account, "account");
  const parsed = requestSchema.safeParse(request);
  if (!parsed.success) throw invalidRequest("The request is malformed.", schemaFaults(parsed.error));
  const { now, epoch = 0n, salt = randomSalt() } = parameters;
  const joined = joinPermissions(request);
  if (joined.from !== undefined && !isAddressEqual(joined.from, account))
    throw invalidRequest("The request is for another account.");
  if (joined.validUntil <= now)
    throw new InvalidInput({
      code: "INVALID_TIME",
      shortMessage: "The requested time has passed.",
      metaMessages: ["Ask the agent for a new link. If this one is new, check this machine's clock."],
      details: { now, validUntil: joined.validUntil },
    });
  return loggable(joined.session({ account, validAfter: joined.startTime ?? now, epoch, salt }));
}
