import { type Address, encodeFunctionData, type Hex } from "viem";
import { loggable } from "../errors/json.ts";
import { sessionModuleAbi } from "../generated/abis/sessionModuleAbi.ts";
import type { SessionCarrier } from "../grant/SessionCarrier.ts";
import { sessionIn } from "../grant/sessionIn.ts";
import { parseAddress } from "../internal/parseAddress.ts";
import { parseHex } from "../internal/parseHex.ts";
import type { EncodedCall } from "../session/CallRequest.ts";
import { hashSession } from "../session/hashSession.ts";

/**
 * The call with which the account permanently revokes one session, granted or not. For the account to send; the agent
 * has no say.
 *
 * @param session The grant or the proposal; or the module and the session's id, if that is all there is.
 * @throws {Refusal} INVALID_GRANT; MALFORMED_SESSION; INVALID_ADDRESS; INVALID_INPUT
 */
export const encodeRevoke = (session: SessionCarrier | { module: Address; id: Hex }): EncodedCall => {
  const id = session && "id" in session ? parseHex(session.id, "id", 32) : hashSession(sessionIn(session));
  return loggable({
    to: parseAddress(session.module, "module"),
    value: 0n,
    data: encodeFunctionData({ abi: sessionModuleAbi, functionName: "revoke", args: [id] }),
  });
};
