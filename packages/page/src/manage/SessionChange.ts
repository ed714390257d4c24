import { type EncodedCall, type Grant, hashSession, sessionState } from "@latchkey/sdk";
import { sessionModuleAbi } from "@latchkey/sdk/abis";
import { encodePause, encodeResume, encodeRevoke, encodeRevokeAll } from "@latchkey/sdk/encoding";
import type { Address } from "viem";
import { readContract } from "viem/actions";
import type { ChainClient } from "../chain/chainClient.ts";
import type { SavedChange } from "../store/Saved.ts";

/** A change by the owner. A stop is permanent; a pause lasts until the session is resumed. */
export type ChangeKind = SavedChange["kind"];

/** What is changed: one session, or all of an account's sessions of a module, which can only be stopped. */
export type ChangeSubject =
  | { kind: "session"; grant: Grant }
  | { kind: "everything"; account: Address; module: Address };

const encoders = { stop: encodeRevoke, pause: encodePause, resume: encodeResume };

/** The account's call for the change. */
export const encodeChange = (subject: ChangeSubject, kind: ChangeKind): EncodedCall =>
  subject.kind === "everything" ? encodeRevokeAll(subject) : encoders[kind](subject.grant);

/** The account's epoch. Stopping everything replaces it with a new hash, so epochs are not ordered. */
export const readEpoch = (
  client: ChainClient,
  { account, module }: { account: Address; module: Address },
): Promise<bigint> =>
  readContract(client, { address: module, abi: sessionModuleAbi, functionName: "epochOf", args: [account] });

/**
 * Whether the change is in effect on chain. A receipt does not prove that, since a wallet may have sent something else.
 *
 * @param since The account's epoch before the change was sent: everything is stopped once it differs.
 */
export async function isMade(
  client: ChainClient,
  subject: ChangeSubject,
  kind: ChangeKind,
  since: bigint,
): Promise<boolean> {
  if (subject.kind === "everything") return (await readEpoch(client, subject)) !== since;
  const { module } = subject.grant;
  const session = subject.grant.session;
  const { account } = session;
  const id = hashSession(session);
  if (kind === "stop") {
    const [state, epoch] = await Promise.all([
      sessionState(client, { module, id, account }),
      readEpoch(client, { account, module }),
    ]);
    return state === "REVOKED" || epoch !== session.epoch;
  }
  const [, isPaused] = await readContract(client, {
    address: module,
    abi: sessionModuleAbi,
    functionName: "stateOf",
    args: [id, account],
  });
  return isPaused === (kind === "pause");
}
