import { Refusal } from "@latchkey/sdk";
import {
  type HandoffRequest,
  parseHandoffRequest,
  type ReplacedGrant,
  replacedGrant,
  requestedSession,
} from "@latchkey/sdk/handoff";
import { type Address, bytesToHex, getAddress, hexToBigInt } from "viem";
import { momentText } from "../ui/momentText.ts";
import { PageFailure } from "../wording/PageFailure.ts";

/** The parts of a request that the page needs before it knows the account. */
export type ReadRequest = {
  request: HandoffRequest;
  chainId: number;
  /** The session's key. */
  key: Address;
  /** The requested account, if the agent named one. */
  from: Address | undefined;
  /** The permission to replace, as the agent claims it. */
  replaces: ReplacedGrant | undefined;
  /** The agent's stated reason. */
  justifications: readonly string[];
  /** Whether the owner may lower the limits (ERC-7715's `isAdjustmentAllowed`). */
  isAdjustable: boolean;
  /** Of the session: random, so that a request can be allowed again after its permission was stopped. */
  salt: bigint;
};

/**
 * Reads a request from the page's URL, or from pasted text.
 *
 * @param text A link, its fragment, or a bare ERC-7715 array.
 * @throws {PageFailure} MALFORMED_REQUEST
 */
export function readRequest(text: string): ReadRequest {
  let request: HandoffRequest;
  try {
    request = parseHandoffRequest(text);
  } catch (error) {
    throw requestFailure(error);
  }
  const [first] = request.permissions;
  if (!first) throw new PageFailure("MALFORMED_REQUEST", { reason: "it requests nothing" });
  return {
    request,
    chainId: Number(BigInt(first.chainId)),
    key: getAddress(first.to),
    from: first.from && getAddress(first.from),
    replaces: replacedGrant(request),
    justifications: request.permissions.flatMap(({ permission }) => {
      const { justification } = permission.data;
      return typeof justification === "string" ? [justification] : [];
    }),
    isAdjustable: request.permissions.every(({ permission }) => permission.isAdjustmentAllowed),
    salt: hexToBigInt(bytesToHex(crypto.getRandomValues(new Uint8Array(6)))),
  };
}

/**
 * The session requested of an account. Throws the page's own failures.
 *
 * @throws {PageFailure} MALFORMED_REQUEST, EXPIRED_REQUEST
 */
export function sessionOf(
  request: HandoffRequest,
  parameters: { account: Address; now: number; epoch?: bigint; salt?: bigint },
): ReturnType<typeof requestedSession> {
  try {
    return requestedSession(request, parameters);
  } catch (error) {
    throw requestFailure(error);
  }
}

function requestFailure(error: unknown): unknown {
  if (!(error instanceof Refusal)) return error;
  if (error.code === "INVALID_TIME") {
    const { validUntil } = error.details;
    return typeof validUntil === "number" && validUntil > 0
      ? new PageFailure("EXPIRED_REQUEST", { ended: momentText(validUntil) }, error)
      : new PageFailure("EXPIRED_REQUEST", {}, error);
  }
  return new PageFailure("MALFORMED_REQUEST", { reason: error.shortMessage }, error);
}
