import type { Hash } from "viem";
import { encodeRevoke } from "../encoding/encodeRevoke.ts";
import type { Grant, Proposal } from "../grant/Grant.ts";
import type { BySafeOwners, BySending, PayingClient, ReadingClient } from "./AccountSender.ts";
import { sendForSession } from "./sendForSession.ts";

/** The session. */
export type SessionToChange = { grant: Grant | Proposal };

/**
 * Permanently revokes a session with the owner's signature. Neither the agent nor any server has a say, and a grant that
 * was never used is revoked as well.
 *
 * @param client Of a Safe or Safe7579: a wallet client that pays the gas, anyone's. With `send`: any client of the chain.
 * @param parameters.grant The grant, or its proposal.
 * @param parameters.owner Of a Safe or Safe7579: the owner, or as many as its threshold. Default: the client's own account.
 * @param parameters.send How an account of another kind acts: gets the call, returns the hash.
 * @returns The transaction's hash (or what `send` returned). The session stays usable until it is mined: wait for the receipt.
 * @throws {Refusal} WRONG_CHAIN; UNSUPPORTED_ACCOUNT: the account is not a Safe, and there is no `send`; see
 * {@link executeAsSafe}.
 */
export async function revokeSession(
  client: PayingClient,
  parameters: SessionToChange & BySafeOwners,
): Promise<Hash>;
export async function revokeSession(
  client: ReadingClient,
  parameters: SessionToChange & BySending,
): Promise<Hash>;
export async function revokeSession(
  client: PayingClient | ReadingClient,
  parameters: SessionToChange & (BySafeOwners | BySending),
): Promise<Hash> {
  return sendForSession(client, parameters, encodeRevoke);
}
