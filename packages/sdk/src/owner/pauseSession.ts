import type { Hash } from "viem";
import { encodePause } from "../encoding/encodePause.ts";
import type { BySafeOwners, BySending, PayingClient, ReadingClient } from "./AccountSender.ts";
import type { SessionToChange } from "./revokeSession.ts";
import { sendForSession } from "./sendForSession.ts";

/**
 * Pauses a session on the owner's word: every use of it is refused, on every rail, until {@link resumeSession}.
 *
 * This is no revocation: time goes on, what has been paid stays paid, and what the key has signed meanwhile is good again
 * once the session is resumed. Where the key may have leaked, {@link revokeSession}.
 *
 * @param client Of a Safe or Safe7579: a wallet client that pays the gas, anyone's. With `send`: any client of the chain.
 * @param parameters.grant The grant, or the proposal that it was made of.
 * @param parameters.owner Of a Safe or Safe7579: the owner, or as many as its threshold. Default: the client's own account.
 * @param parameters.send How an account of another kind acts: gets the call, gives the hash back.
 * @returns The transaction's hash (or what `send` gave). The session works until that is mined: wait for the receipt.
 * @throws {Refusal} WRONG_CHAIN; UNSUPPORTED_ACCOUNT: the account is no Safe, and there is no `send`; see
 * {@link executeAsSafe}.
 */
export async function pauseSession(
  client: PayingClient,
  parameters: SessionToChange & BySafeOwners,
): Promise<Hash>;
export async function pauseSession(
  client: ReadingClient,
  parameters: SessionToChange & BySending,
): Promise<Hash>;
export async function pauseSession(
  client: PayingClient | ReadingClient,
  parameters: SessionToChange & (BySafeOwners | BySending),
): Promise<Hash> {
  return sendForSession(client, parameters, encodePause);
}
