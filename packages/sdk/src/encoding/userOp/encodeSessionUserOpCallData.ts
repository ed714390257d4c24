import { type Address, encodeFunctionData, encodePacked, type Hex } from "viem";
import { erc7579Abi, SINGLE_CALL_MODE } from "../../accounts/erc7579/erc7579Abi.ts";
import { sessionModuleAbi } from "../../generated/abis/sessionModuleAbi.ts";
import type { SessionCarrier } from "../../grant/SessionCarrier.ts";
import { sessionIn } from "../../grant/sessionIn.ts";
import { parseAddress } from "../../internal/parseAddress.ts";
import { parseHex } from "../../internal/parseHex.ts";
import { type CallRequest, toCalls } from "../../session/CallRequest.ts";
import { encodeSession } from "../../session/packSession.ts";
import { partsNeeded } from "../../session/partsNeeded.ts";
import type { Call } from "../../session/Session.ts";

/**
 * The `callData` of a userOp of a session: the account calls the module, which makes the account execute the
 * calls. The validator accepts only this form. The session's key signs the bare userOp hash, 65 bytes,
 * without a prefix: not as a message.
 *
 * @param parameters.session The session, with its module: a grant or a proposal.
 * @param parameters.signature The owner's grant, prefix included; omitted or `0x` once the session is enabled, of which
 * only the parts that the calls need are included then.
 * @throws {Refusal} EMPTY_BATCH; INVALID_GRANT; MALFORMED_SESSION; INVALID_ADDRESS; INVALID_INPUT
 */
export function encodeSessionUserOpCallData(parameters: {
  session: SessionCarrier;
  signature?: Hex;
  calls: readonly CallRequest[];
}): Hex {
  const session = sessionIn(parameters.session);
  const signature = parseHex(parameters.signature ?? "0x", "signature");
  const calls = toCalls(parameters.calls);
  const whole = signature === "0x" ? partsNeeded(session, calls) : undefined;
  const module = parseAddress(parameters.session.module, "module");
  return executionCallData(module, [encodeSession(session, whole), signature, calls]);
}

/** The account's call of the module's `execute`, around its arguments. */
export function executionCallData(
  module: Address,
  args: readonly [session: Hex, signature: Hex, calls: readonly Call[]],
): Hex {
  const execution = encodeFunctionData({ abi: sessionModuleAbi, functionName: "execute", args });
  return encodeFunctionData({
    abi: erc7579Abi,
    functionName: "execute",
    args: [SINGLE_CALL_MODE, encodePacked(["address", "uint256", "bytes"], [module, 0n, execution])],
  });
}
