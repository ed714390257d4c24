import type { Hash } from "viem";
import { encodeEnable } from "../encoding/encodeEnable.ts";
import { encodeReviewableEnable } from "../encoding/encodeReviewableEnable.ts";
import type { Grant, Proposal } from "../grant/Grant.ts";
import { requireGrantChain } from "../grant/requireGrantChain.ts";
import { sessionIn } from "../grant/sessionIn.ts";
import { checkSession } from "../session/checkSession.ts";
import type { BySafeOwners, BySending, PayingClient, ReadingClient } from "./AccountSender.ts";
import { isReviewable, type Reviewable } from "./isReviewable.ts";
import { callsToEnable, type WithPermit2 } from "./permit2/withPermit2.ts";
import { sendAsAccount } from "./sendAsAccount.ts";

/** Which session is enabled. */
export type SessionToEnable = { proposal: Proposal | Grant } & Reviewable & WithPermit2;

/**
 * Has the account itself enable a session, instead of a signature, or after one to make every use cheaper. Give the
 * agent {@link enabledGrant} of the proposal then. Where several owners sign, the batch shows them the session. If Permit2
 * pays for the session, the same batch has the account approve it: pass {@link permit2Calls} as `permit2`.
 *
 * @param client Of a Safe or Safe7579: a wallet client that pays the gas, anyone's. With `send`: any client of the chain.
 * @param parameters.send How an account of another kind acts: see {@link revokeSession}.
 * @returns The transaction's hash (or what `send` returned). Wait for the receipt.
 * @throws {Refusal} MALFORMED_SESSION, before a signature is requested; WRONG_CHAIN; EXPIRED, WRONG_EPOCH, REVOKED… as the chain
 * reports; UNSUPPORTED_ACCOUNT; INVALID_ADDRESS: several owners sign, and there is no SessionLens on this chain; APPROVAL:
 * Permit2 pays for it, and there is no `permit2`; see {@link executeAsSafe}.
 */
export async function enableSession(
  client: PayingClient,
  parameters: SessionToEnable & BySafeOwners,
): Promise<Hash>;
export async function enableSession(
  client: ReadingClient,
  parameters: SessionToEnable & BySending,
): Promise<Hash>;
export async function enableSession(
  client: PayingClient | ReadingClient,
  { proposal, reviewable, permit2, ...sender }: SessionToEnable & (BySafeOwners | BySending),
): Promise<Hash> {
  checkSession(sessionIn(proposal), proposal.module);
  await requireGrantChain(client, proposal);
  const approving = callsToEnable(proposal, permit2);
  return sendAsAccount(client, {
    account: proposal.session.account,
    accountKind: proposal.accountKind,
    calls: [
      ...((await isReviewable(client, sender.owner, reviewable))
        ? encodeReviewableEnable(proposal)
        : [encodeEnable(proposal)]),
      ...approving,
    ],
    ...sender,
  });
}
