import { encodeFunctionData } from "viem";
import { loggable } from "../errors/json.ts";
import { sessionModuleAbi } from "../generated/abis/sessionModuleAbi.ts";
import type { SessionCarrier } from "../grant/SessionCarrier.ts";
import { sessionIn } from "../grant/sessionIn.ts";
import { parseAddress } from "../internal/parseAddress.ts";
import type { EncodedCall } from "../session/CallRequest.ts";
import { encodeSession } from "../session/packSession.ts";

/** The call with which a key permanently renounces its own session, for example when it may have leaked. For the key. */
export const encodeRenounce = (carrier: SessionCarrier): EncodedCall => {
  const session = sessionIn(carrier);
  return loggable({
    to: parseAddress(carrier.module, "module"),
    value: 0n,
    data: encodeFunctionData({
      abi: sessionModuleAbi,
      functionName: "renounce",
      args: [encodeSession(session, { budgets: [], actions: false })],
    }),
  });
};
