import type { Hash } from "viem";
import { encodeRevoke } from "../encoding/encodeRevoke.ts";
import type { Grant, Proposal } from "../grant/Grant.ts";
import type { BySafeOwners, BySending, PayingClient, ReadingClient } from "./AccountSender.ts";
import type { WithPermit2 } from "./permit2/withPermit2.ts";
import { sendForSession } from "./sendForSession.ts";

/** The session. */
export type SessionToChange = { grant: Grant | Proposal };

/** The session that ends. */
export type SessionToRevoke = SessionToChange & WithPermit2;

/**
 * Permanently revokes a session with the owner's signature. Neither the agent nor any server has a say, and a grant that
 * was never used is revoked as well.
 *
 * @param client Of a Safe or Safe7579: a wallet client that pays the gas, anyone's. With `send`: any client of the chain.
 * @param parameters.grant The grant, or its proposal.
 * @param parameters.owner Of a Safe or Safe7579: the owner, or as many as its threshold. Default: the client's own account.
 * @param parameters.permit2 From {@link permit2Calls}: also lowers the account's approval of Permit2 to what its other sessions need. If the token then
 * rejects that after all, the whole batch fails: a token that is not trusted is best left out when a session must end.
 * @param parameters.send How an account of another kind acts: gets the call, returns the hash.
 * @returns The transaction's hash (or what `send` returned). The session stays usable until it is mined: wait for the receipt.
 * @throws {Refusal} WRONG_CHAIN; UNSUPPORTED_ACCOUNT: the account is not a Safe, and there is no `send`; see
 * {@link executeAsSafe}.
 */
export async function revokeSession(
  client: PayingClient,
  parameters: SessionToRevoke & BySafeOwners,
): Promise<Hash>;
export async function revokeSession(
  client: ReadingClient,
  parameters: SessionToRevoke & BySending,
): Promise<Hash>;
export async function revokeSession(
  client: PayingClient | ReadingClient,
  parameters: SessionToRevoke & (BySafeOwners | BySending),
): Promise<Hash> {
  const { permit2, ...sender } = parameters;
  return sendForSession(client, sender, (grant) => [encodeRevoke(grant), ...(permit2?.calls ?? [])]);
}
