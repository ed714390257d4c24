import { GRANT_VERSION, type Proposal, type Session, safeSessionModuleAddress } from "@latchkey/sdk";
import { type Address, getAddress, keccak256, slice } from "viem";
import { type ReadRequest, sessionOf } from "../request/readRequest.ts";
import type { AccountState } from "../tap/AccountState.ts";
import { type Lowering, lowerSession } from "./lowerSession.ts";

/** The requested session, and the proposal as the user lowered it: the object that is shown and signed. */
export type RequestedProposal = {
  requested: Session;
  proposal: Proposal;
};

/**
 * Builds the proposal that the review shows. Without an account, it uses a placeholder address that nobody owns: enough
 * to show the limits, and it can never be signed, since signing needs an account.
 *
 * @param now The chain's time, in seconds of Unix time.
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
    salt: read.salt,
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

/** No request can predict it, so none can name it as a token or a recipient. */
const standIn = (read: ReadRequest): Address =>
  getAddress(slice(keccak256(`${read.request.nonce}${read.key.slice(2)}`), 12));
