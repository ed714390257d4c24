import { type Address, encodeFunctionData, type Hex } from "viem";
import { sessionModuleAbi } from "../generated/abis/sessionModuleAbi.ts";
import { grantSession } from "../grant/grantSession.ts";
import type { SessionCarrier } from "../grant/SessionCarrier.ts";
import { hashSession } from "../hashSession.ts";
import type { EncodedCall } from "./CallRequest.ts";

/**
 * The call by which the account takes one session back, for ever, granted or not. For the account to send; the agent
 * need not agree.
 *
 * @param session The grant or the proposal; or the module and the session's id, if that is all there is.
 */
export const encodeRevoke = (session: SessionCarrier | { module: Address; id: Hex }): EncodedCall => ({
  to: session.module,
  value: 0n,
  data: encodeFunctionData({
    abi: sessionModuleAbi,
    functionName: "revoke",
    args: ["id" in session ? session.id : hashSession(grantSession(session))],
  }),
});
