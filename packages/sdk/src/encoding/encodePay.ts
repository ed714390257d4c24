import { type Address, encodeFunctionData } from "viem";
import { loggable } from "../errors/json.ts";
import { sessionModuleAbi } from "../generated/abis/sessionModuleAbi.ts";
import type { Grant } from "../grant/Grant.ts";
import { sessionIn } from "../grant/sessionIn.ts";
import { parseAddress } from "../internal/parseAddress.ts";
import { parseHex } from "../internal/parseHex.ts";
import { parseWhole } from "../internal/parseWhole.ts";
import { type EncodedCall, transferOf } from "../session/CallRequest.ts";
import { encodeSession } from "../session/packSession.ts";
import { partsNeeded } from "../session/partsNeeded.ts";

/**
 * The call with which the session's key makes the account pay an ERC-20: what {@link encodeExecute} of one `transfer` does,
 * for less gas. For native coin use {@link encodeExecute}.
 *
 * @param parameters.amount In the token's base units.
 * @param parameters.isEnabled Whether the session is known to be enabled, as in {@link encodeExecute}.
 * @throws {Refusal} INVALID_GRANT; MALFORMED_SESSION; INVALID_ADDRESS; INVALID_INPUT
 */
export function encodePay(parameters: {
  grant: Grant;
  token: Address;
  to: Address;
  amount: bigint;
  isEnabled?: boolean;
}): EncodedCall {
  const { grant, isEnabled } = parameters;
  const session = sessionIn(grant);
  const token = parseAddress(parameters.token, "token");
  const to = parseAddress(parameters.to, "to");
  const amount = parseWhole(parameters.amount, "amount", 1n << 256n);
  const parts = isEnabled ? partsNeeded(session, [transferOf({ token, to, amount })]) : undefined;
  return loggable({
    to: parseAddress(grant.module, "module"),
    value: 0n,
    data: encodeFunctionData({
      abi: sessionModuleAbi,
      functionName: "pay",
      args: [
        encodeSession(session, parts),
        isEnabled ? "0x" : parseHex(grant.signature, "signature"),
        token,
        to,
        amount,
      ],
    }),
  });
}
