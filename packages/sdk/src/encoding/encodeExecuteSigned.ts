import { encodeFunctionData } from "viem";
import { loggable } from "../errors/json.ts";
import { sessionModuleAbi } from "../generated/abis/sessionModuleAbi.ts";
import type { Grant } from "../grant/Grant.ts";
import { sessionIn } from "../grant/sessionIn.ts";
import { normalSignature } from "../internal/ecdsaSignature.ts";
import { parseAddress } from "../internal/parseAddress.ts";
import { parseHex } from "../internal/parseHex.ts";
import { parseWhole } from "../internal/parseWhole.ts";
import { type EncodedCall, toCalls } from "../session/CallRequest.ts";
import { encodeSession } from "../session/packSession.ts";
import { partsNeeded } from "../session/partsNeeded.ts";
import type { SignedExecution } from "./signExecution.ts";

/**
 * The call with which an allowed caller submits a signed execution.
 *
 * @param parameters.signed From {@link signExecution}.
 * @param parameters.isEnabled Whether the session is known to be enabled: the grant's signature is omitted then.
 * @throws {Refusal} EMPTY_BATCH; INVALID_GRANT; MALFORMED_SESSION; INVALID_ADDRESS; INVALID_INPUT
 */
export function encodeExecuteSigned(parameters: {
  grant: Grant;
  signed: SignedExecution;
  isEnabled?: boolean;
}): EncodedCall {
  const { grant, signed, isEnabled } = parameters;
  const session = sessionIn(grant);
  const calls = toCalls(signed?.calls);
  const given = parseHex(signed.keySignature, "keySignature");
  const keySignature = normalSignature(given) ?? given;
  return loggable({
    to: parseAddress(grant.module, "module"),
    value: 0n,
    data: encodeFunctionData({
      abi: sessionModuleAbi,
      functionName: "executeSigned",
      args: [
        encodeSession(session, isEnabled ? partsNeeded(session, calls) : undefined),
        isEnabled ? "0x" : parseHex(grant.signature, "signature"),
        calls,
        parseAddress(signed.caller, "caller"),
        parseWhole(signed.nonce, "nonce", 1n << 256n),
        parseWhole(signed.deadline, "deadline", 2 ** 48),
        keySignature,
      ],
    }),
  });
}
