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
 * The call with which the account pauses one session: every use of it is rejected until {@link encodeResume}. For the account
 * to send.
 *
 * This is not a revocation: time goes on, payments stay paid, and what the key has signed meanwhile is valid again
 * once the session is resumed. If the key may have leaked, use {@link encodeRevoke}.
 *
 * @param session The grant or the proposal; or the module and the session's id, if that is all there is.
 * @throws {Refusal} INVALID_GRANT; MALFORMED_SESSION; INVALID_ADDRESS; INVALID_INPUT
 */
export const encodePause = (session: SessionCarrier | { module: Address; id: Hex }): EncodedCall => {
  const id = session && "id" in session ? parseHex(session.id, "id", 32) : hashSession(sessionIn(session));
  return loggable({
    to: parseAddress(session.module, "module"),
    value: 0n,
    data: encodeFunctionData({ abi: sessionModuleAbi, functionName: "pause", args: [id] }),
  });
};
