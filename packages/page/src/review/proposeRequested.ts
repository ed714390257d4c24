import { GRANT_VERSION, type Proposal, type Session, safeSessionModuleAddress } from "@latchkey/sdk";
import { type Address, getAddress, keccak256, slice } from "viem";
import { type ReadRequest, sessionOf } from "../request/readRequest.ts";
import type { AccountState } from "../tap/AccountState.ts";
import { type Lowering, lowerSession } from "./lowerSession.ts";

/** What a request asks an account for, and the same as the reader lowered it: the object that is shown and signed. */
export type RequestedProposal = {
  requested: Session;
  proposal: Proposal;
};

/**
 * Makes the proposal that the review shows. Without an account it is of a stand-in that nobody owns: it is good for showing
 * the limits, and can never be signed, as signing needs an account.
 *
 * @param now Of the chain, in seconds of Unix time.
 * @throws {PageFailure} MALFORMED_REQUEST, EXPIRED_REQUEST
 */
export function proposeRequested(
  read: ReadRequest,
  parameters: { now: number; account: AccountState | undefined; lowering: Lowering },
): RequestedProposal {
  const { now, account, lowering } = parameters;
  const requested = sessionOf(read.request, {
    account: account?.address ?? read.from ?? standIn(read),
    now,
    epoch: account?.epoch ?? 0n,
  });
  return {
    requested,
    proposal: {
      version: GRANT_VERSION,
      chainId: read.chainId,
      module: safeSessionModuleAddress(),
      accountKind: "safe",
      session: lowerSession(requested, lowering, account?.paysBySignature ?? true),
    },
  };
}

/** No request can know it, so none names it as a token or a recipient. */
const standIn = (read: ReadRequest): Address =>
  getAddress(slice(keccak256(`${read.request.nonce}${read.key.slice(2)}`), 12));
