import { encodeFunctionData } from "viem";
import { loggable } from "../errors/json.ts";
import { sessionModuleAbi } from "../generated/abis/sessionModuleAbi.ts";
import type { Grant } from "../grant/Grant.ts";
import { sessionIn } from "../grant/sessionIn.ts";
import { parseAddress } from "../internal/parseAddress.ts";
import { parseHex } from "../internal/parseHex.ts";
import { type CallRequest, type EncodedCall, toCalls } from "../session/CallRequest.ts";
import { encodeSession } from "../session/packSession.ts";
import { partsNeeded } from "../session/partsNeeded.ts";

/**
 * The call with which the session's key makes the account execute calls, in order, all or none.
 *
 * @param parameters.grant The grant; its signature is included unless `isEnabled`.
 * @param parameters.isEnabled Whether the session is known to be enabled: its signature and the parts of it that the calls
 * do not need are omitted then, which saves calldata.
 * @throws {Refusal} EMPTY_BATCH; INVALID_GRANT; MALFORMED_SESSION; INVALID_ADDRESS; INVALID_INPUT
 */
export function encodeExecute(parameters: {
  grant: Grant;
  calls: readonly CallRequest[];
  isEnabled?: boolean;
}): EncodedCall {
  const { grant, calls, isEnabled } = parameters;
  const session = sessionIn(grant);
  const made = toCalls(calls);
  return loggable({
    to: parseAddress(grant.module, "module"),
    value: 0n,
    data: encodeFunctionData({
      abi: sessionModuleAbi,
      functionName: "execute",
      args: [
        encodeSession(session, isEnabled ? partsNeeded(session, made) : undefined),
        isEnabled ? "0x" : parseHex(grant.signature, "signature"),
        made,
      ],
    }),
  });
}
