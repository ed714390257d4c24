import type { Hash } from "viem";
import { encodeResume } from "../encoding/encodeResume.ts";
import type { BySafeOwners, BySending, PayingClient, ReadingClient } from "./AccountSender.ts";
import type { SessionToChange } from "./revokeSession.ts";
import { sendForSession } from "./sendForSession.ts";

/**
 * Resumes a paused session with the owner's signature.
 *
 * @param client Of a Safe or Safe7579: a wallet client that pays the gas, anyone's. With `send`: any client of the chain.
 * @param parameters.grant The grant, or its proposal.
 * @param parameters.owner Of a Safe or Safe7579: the owner, or as many as its threshold. Default: the client's own account.
 * @param parameters.send How an account of another kind acts: gets the call, returns the hash.
 * @returns The transaction's hash (or what `send` returned).
 * @throws {Refusal} WRONG_CHAIN; UNSUPPORTED_ACCOUNT: the account is not a Safe, and there is no `send`; see
 * {@link executeAsSafe}.
 */
export async function resumeSession(
  client: PayingClient,
  parameters: SessionToChange & BySafeOwners,
): Promise<Hash>;
export async function resumeSession(
  client: ReadingClient,
  parameters: SessionToChange & BySending,
): Promise<Hash>;
export async function resumeSession(
  client: PayingClient | ReadingClient,
  parameters: SessionToChange & (BySafeOwners | BySending),
): Promise<Hash> {
  return sendForSession(client, parameters, (grant) => [encodeResume(grant)]);
}
