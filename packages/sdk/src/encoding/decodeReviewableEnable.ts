import { type Address, type Hex, isAddressEqual } from "viem";
import { sessionLensAddress } from "../addresses/sessionLensAddress.ts";
import { InvalidInput } from "../errors/InvalidInput.ts";
import { loggable } from "../errors/json.ts";
import { type EncodedCall, encodedCalls } from "../session/CallRequest.ts";
import { hashSession } from "../session/hashSession.ts";
import type { Session } from "../session/Session.ts";
import { decodeCalldata } from "./decodeCalldata.ts";
import { decodePermit2Call, type Permit2Approval } from "./decodePermit2Call.ts";

/** What the owners are about to sign. */
export type ReviewableEnable = {
  /** The module that enables the session: compare it with the account's. */
  module: Address;
  session: Session;
  id: Hex;
  /** What the batch approves to Permit2, the last amount of each token; a first one of 0 is a step on the way. */
  approvals: readonly Permit2Approval[];
};

/**
 * What a co-signer's software does before its owner signs a batch of {@link encodeReviewableEnable}: checks that the
 * session it shows is the session that it enables, and that it does nothing else but prepare its payments by Permit2. The chain alone cannot: a malicious
 * proposer can prove one session to the lens and then enable another.
 *
 * @param calls The calls of the batch, in order.
 * @throws {Refusal} INVALID_CALLDATA: the batch is another, or shows another session than it enables; do not sign it.
 * INVALID_ADDRESS; INVALID_INPUT.
 */
export function decodeReviewableEnable(calls: readonly EncodedCall[]): ReviewableEnable {
  const [shown, enabled, ...others] = Array.isArray(calls) && calls.length > 0 ? encodedCalls(calls) : [];
  if (!shown || !enabled) throw refuse("It is not a batch of two calls.");
  if ([shown, enabled, ...others].some(({ value }) => value !== 0n)) throw refuse("It sends native coin.");
  const proof = decodeCalldata(shown.data, shown);
  if (!isAddressEqual(shown.to, sessionLensAddress()) || proof.functionName !== "requireSame")
    throw refuse("Its first call is not SessionLens.requireSame.");
  const action = decodeCalldata(enabled.data, enabled);
  if (action.functionName !== "enable")
    throw refuse(`Its second call is ${action.functionName}, not enable.`);
  const session = proof.session as Session;
  const id = hashSession(session);
  if (proof.args.packed !== action.args.session || id !== action.id || proof.suffix || action.suffix)
    throw refuse("It shows another session than it enables.");
  const approvals = new Map<Address, Permit2Approval>();
  for (const [index, other] of others.entries()) {
    const found = decodePermit2Call(other, { module: enabled.to, session });
    if (!found) throw refuse(`Its call ${index + 3} does not belong to enabling the session.`);
    for (const approval of found) approvals.set(approval.token, approval);
  }
  return loggable({ module: enabled.to, session, id, approvals: [...approvals.values()] });
}

const refuse = (reason: string) =>
  new InvalidInput({
    code: "INVALID_CALLDATA",
    shortMessage: `This batch is not a reviewable enabling of a session. ${reason}`,
    metaMessages: ["Do not sign it. Ask the proposer for the calls of encodeReviewableEnable."],
  });
