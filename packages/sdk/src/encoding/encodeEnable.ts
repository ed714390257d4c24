import { encodeFunctionData } from "viem";
import { loggable } from "../errors/json.ts";
import { sessionModuleAbi } from "../generated/abis/sessionModuleAbi.ts";
import type { SessionCarrier } from "../grant/SessionCarrier.ts";
import { sessionIn } from "../grant/sessionIn.ts";
import { parseAddress } from "../internal/parseAddress.ts";
import type { EncodedCall } from "../session/CallRequest.ts";
import { encodeSession } from "../session/packSession.ts";

/**
 * The call with which the account itself enables a session: no grant is carried afterwards, which makes every use
 * cheaper. For the account to send.
 *
 * @throws {Refusal} INVALID_GRANT; MALFORMED_SESSION; INVALID_ADDRESS
 */
export const encodeEnable = (proposal: SessionCarrier): EncodedCall => {
  const session = sessionIn(proposal);
  return loggable({
    to: parseAddress(proposal.module, "module"),
    value: 0n,
    data: encodeFunctionData({
      abi: sessionModuleAbi,
      functionName: "enable",
      args: [encodeSession(session)],
    }),
  });
};
