import { encodeFunctionData, encodePacked, type Hex } from "viem";
import { type CallRequest, toCalls } from "../calls/CallRequest.ts";
import { sessionModuleAbi } from "../generated/abis/sessionModuleAbi.ts";
import { grantSession } from "../grant/grantSession.ts";
import type { SessionCarrier } from "../grant/SessionCarrier.ts";
import { parseAddress } from "../units/parseAddress.ts";
import { parseHex } from "../units/parseHex.ts";
import { erc7579Abi, SINGLE_CALL_MODE } from "./erc7579Abi.ts";

/**
 * The `callData` of a userOp of a session: the account calls the module, the module makes the account perform the
 * calls. The validator takes this one form and no other. The session's key signs the userOp's hash as it is, 65 bytes,
 * with no prefix: not as a message.
 *
 * @param parameters.session The session, with its module: a grant or a proposal.
 * @param parameters.signature The owner's grant, prefix included; left out or `0x` once the session is enabled.
 * @throws {Refusal} EMPTY_BATCH; INVALID_GRANT; MALFORMED_SESSION; INVALID_ADDRESS; INVALID_INPUT
 */
export function encodeSessionUserOpCallData(parameters: {
  session: SessionCarrier;
  signature?: Hex;
  calls: readonly CallRequest[];
}): Hex {
  const { session, signature = "0x", calls } = parameters;
  const execution = encodeFunctionData({
    abi: sessionModuleAbi,
    functionName: "execute",
    args: [grantSession(session), parseHex(signature, "signature"), toCalls(calls)],
  });
  return encodeFunctionData({
    abi: erc7579Abi,
    functionName: "execute",
    args: [
      SINGLE_CALL_MODE,
      encodePacked(["address", "uint256", "bytes"], [parseAddress(session.module, "module"), 0n, execution]),
    ],
  });
}
