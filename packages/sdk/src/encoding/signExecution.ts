import { type Address, bytesToHex, type Hex, hexToBigInt } from "viem";
import { loggable } from "../errors/json.ts";
import type { Grant } from "../grant/Grant.ts";
import { sessionIn } from "../grant/sessionIn.ts";
import { parseAddress } from "../internal/parseAddress.ts";
import { parseWhole } from "../internal/parseWhole.ts";
import { signTypedDataBy, type TypedDataSigner } from "../internal/signTypedDataBy.ts";
import { type CallRequest, toCalls } from "../session/CallRequest.ts";
import { eip712Domain } from "../session/eip712Domain.ts";
import { eip712Types } from "../session/eip712Types.ts";
import { hashSession } from "../session/hashSession.ts";
import { ANYONE, type Call } from "../session/Session.ts";

/** An execution that the key has signed. Submit it with {@link executeSigned}. */
export type SignedExecution = {
  calls: readonly Call[];
  /** Who may submit it; {@link ANYONE}: anyone. */
  caller: Address;
  nonce: bigint;
  /** The last second at which it is valid, Unix time. */
  deadline: number;
  /** r ‖ s ‖ v, 65 bytes, low s. */
  keySignature: Hex;
};

/**
 * Has the session's key sign an execution for which someone else submits the transaction and pays the gas.
 *
 * @param key The session's key.
 * @param parameters.caller Who may submit it, or the word `"anyone"`. The caller also chooses when, until the
 * deadline.
 * @param parameters.deadline The last second at which it is valid, Unix time.
 * @param parameters.nonce Any number that the session has not used; default: random. Numbers of one run of 256 share
 * a storage slot, so counting up costs less gas.
 * @throws {Refusal} EMPTY_BATCH; INVALID_ADDRESS; INVALID_INPUT; INVALID_GRANT; INVALID_SIGNER: the key is not the session's, or its signature is not in the
 * required format; NOT_SIGNED, NETWORK: a remote key did not sign.
 */
export async function signExecution(
  key: TypedDataSigner,
  parameters: {
    grant: Grant;
    calls: readonly CallRequest[];
    caller: Address | "anyone";
    deadline: number;
    nonce?: bigint;
  },
): Promise<SignedExecution> {
  const { grant } = parameters;
  const session = sessionIn(grant);
  const deadline = parseWhole(parameters.deadline, "deadline", 2 ** 48);
  const calls = toCalls(parameters.calls);
  const caller = parameters.caller === "anyone" ? ANYONE : parseAddress(parameters.caller, "caller");
  const random = hexToBigInt(bytesToHex(crypto.getRandomValues(new Uint8Array(8))));
  const nonce = parseWhole(parameters.nonce ?? random, "nonce", 1n << 256n);
  const keySignature = await signTypedDataBy(key, session.key, {
    domain: eip712Domain(grant.chainId, grant.module),
    types: { Execute: eip712Types.Execute, Call: eip712Types.Call },
    primaryType: "Execute",
    message: { session: hashSession(session), calls, caller, nonce, deadline },
  });
  return loggable({ calls, caller, nonce, deadline, keySignature });
}
