import { decodeAbiParameters, encodeAbiParameters, type Hex, zeroAddress } from "viem";
import { InvalidInput } from "../errors/InvalidInput.ts";
import { loggable } from "../errors/json.ts";
import type { Grant } from "../grant/Grant.ts";
import { sessionIn } from "../grant/sessionIn.ts";
import { normalSignature } from "../internal/ecdsaSignature.ts";
import { parseAddress } from "../internal/parseAddress.ts";
import { parseHex } from "../internal/parseHex.ts";
import { parseWhole } from "../internal/parseWhole.ts";
import { toCalls } from "../session/CallRequest.ts";
import { hashCarriedSession } from "../session/hashCarriedSession.ts";
import { encodeSession } from "../session/packSession.ts";
import { partsNeeded } from "../session/partsNeeded.ts";
import { type CarriedSession, decodeSession } from "../session/unpackSession.ts";
import type { SignedExecution } from "./signExecution.ts";

/** What the `redeemDelegations` of a session module takes as a permission context (ERC-7710). */
export type PermissionContext = {
  /** The session. An omitted part is replaced by its EIP-712 hash. */
  session: CarriedSession;
  /** Its EIP-712 struct hash. */
  id: Hex;
  /** The owner's signature; `0x`: the session must be enabled. */
  signature: Hex;
  /**
   * Who may redeem it, and once: the key has signed one execution. Undefined: only the session's key may redeem it, for
   * anything that the session allows, as long as the session lives.
   */
  signed: Omit<SignedExecution, "calls"> | undefined;
};

const parameters = [
  { name: "session", type: "bytes" },
  { name: "grant", type: "bytes" },
  { name: "caller", type: "address" },
  { name: "nonce", type: "uint256" },
  { name: "deadline", type: "uint48" },
  { name: "keySignature", type: "bytes" },
] as const;

/**
 * The permission context with which ERC-7710's `redeemDelegations` uses a session; the session module is the delegation
 * manager.
 *
 * Without `signed`, the session's key must send the transaction, and the context serves as long as the session
 * lives. With it, the named caller redeems exactly the execution that the key has signed, once.
 *
 * @param parameters.signed From {@link signExecution}.
 * @param parameters.isEnabled Whether the session is known to be enabled: the owner's signature is omitted then, and of
 * the session what a signed execution does not need.
 * @returns `abi.encode(bytes session, bytes grant, address caller, uint256 nonce, uint48 deadline, bytes keySignature)`
 * @throws {Refusal} EMPTY_BATCH; INVALID_GRANT; MALFORMED_SESSION; INVALID_ADDRESS; INVALID_INPUT
 */
export function encodePermissionContext({
  grant,
  signed,
  isEnabled,
}: {
  grant: Grant;
  signed?: SignedExecution;
  isEnabled?: boolean;
}): Hex {
  const session = sessionIn(grant);
  // Nobody can redeem a context without its delegation manager.
  parseAddress(grant.module, "module");
  const signature = isEnabled ? "0x" : parseHex(grant.signature, "signature");
  if (!signed)
    return encodeAbiParameters(parameters, [encodeSession(session), signature, zeroAddress, 0n, 0, "0x"]);
  const calls = toCalls(signed.calls);
  const given = parseHex(signed.keySignature, "keySignature");
  return encodeAbiParameters(parameters, [
    encodeSession(session, isEnabled ? partsNeeded(session, calls) : undefined),
    signature,
    parseAddress(signed.caller, "caller"),
    parseWhole(signed.nonce, "nonce", 1n << 256n),
    parseWhole(signed.deadline, "deadline", 2 ** 48),
    normalSignature(given) ?? given,
  ]);
}

/**
 * Decodes a permission context of a session module, in the one encoding that the module accepts. Nothing is verified:
 * a context names neither its chain nor its module.
 *
 * @throws {InvalidInput} INVALID_CONTEXT: the context is another delegation manager's, truncated, or extended.
 */
export function decodePermissionContext(context: Hex): PermissionContext {
  const bytes = parseHex(context, "context").toLowerCase() as Hex;
  const read = tryRead(bytes);
  // Other encodings of the same values exist: the module accepts none of them.
  if (read.values === undefined || encodeAbiParameters(parameters, read.values).toLowerCase() !== bytes)
    throw invalid(read.cause);
  const [, signature, caller, nonce, deadline, keySignature] = read.values;
  const isSigned = keySignature !== "0x";
  if (!isSigned && (BigInt(caller) !== 0n || nonce !== 0n || deadline !== 0)) throw invalid();
  return loggable({
    session: read.session,
    id: hashCarriedSession(read.session),
    signature,
    signed: isSigned ? { caller, nonce, deadline, keySignature } : undefined,
  });
}

function tryRead(bytes: Hex) {
  try {
    const values = decodeAbiParameters(parameters, bytes);
    return { values, session: decodeSession(values[0]) };
  } catch (cause) {
    return { cause };
  }
}

const invalid = (cause?: unknown) =>
  new InvalidInput({
    code: "INVALID_CONTEXT",
    shortMessage: "The permission context is not one of a session.",
    metaMessages: ["Pass the context as the wallet returned it, and check its delegation manager."],
    cause,
  });
