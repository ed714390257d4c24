import { type Address, hexToBigInt, isAddressEqual, slice } from "viem";
import { InvalidInput } from "../errors/InvalidInput.ts";
import { loggable } from "../errors/json.ts";
import { parseAddress } from "../internal/parseAddress.ts";
import type { Session } from "../session/Session.ts";
import type { HandoffRequest } from "./HandoffRequest.ts";
import { invalidRequest } from "./invalidRequest.ts";
import { joinPermissions } from "./joinPermissions.ts";
import { requestSchema } from "./requestSchema.ts";
import { schemaFaults } from "./schemaFaults.ts";

/** What a session depends on besides the request. */
export type RequestedSessionParameters = {
  /** The account that is to grant. */
  account: Address;
  /** Unix time, in seconds, by the chain's clock: where the session begins, unless the request says otherwise. */
  now: number;
  /** The account's epoch, by the module. Default: 0, an account that never ended all its sessions. */
  epoch?: bigint;
  /** Default: the first 6 bytes of the request's nonce. */
  salt?: bigint;
};

/**
 * The session that a request asks for, exactly: nothing is added, and what one session cannot say is refused.
 *
 * Understood are `native-token-` and `erc20-token-` `allowance`, `periodic` and `stream` as MetaMask writes them, which
 * may pay anyone unless a rule `payee` names addresses, and `latchkey-session` ({@link LatchkeySessionData}). Every
 * permission needs the rule `expiry`; a rule `redeemer` may name nobody but the key.
 *
 * @throws {InvalidInput} INVALID_REQUEST: it cannot become a session, or not one of this account; INVALID_TIME: it is
 * over.
 */
export function requestedSession(request: HandoffRequest, parameters: RequestedSessionParameters): Session {
  const account = parseAddress(parameters.account, "account");
  const parsed = requestSchema.safeParse(request);
  if (!parsed.success)
    throw invalidRequest("The request is not of the form that is read here.", schemaFaults(parsed.error));
  const { now, epoch = 0n, salt = hexToBigInt(slice(request.nonce, 0, 6)) } = parameters;
  const joined = joinPermissions(request);
  if (joined.from !== undefined && !isAddressEqual(joined.from, account))
    throw invalidRequest("The request is for another account.");
  if (joined.validUntil <= now)
    throw new InvalidInput({
      code: "INVALID_TIME",
      shortMessage: "The time that the request asks for is over.",
      metaMessages: ["Ask the agent for a new link. If this one is new, look at this machine's clock."],
      details: { now, validUntil: joined.validUntil },
    });
  return loggable(joined.session({ account, validAfter: joined.startTime ?? now, epoch, salt }));
}
