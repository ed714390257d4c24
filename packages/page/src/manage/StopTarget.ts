import { type Grant, grantSession, hashSession, sessionModuleAbi, sessionState } from "@latchkey/sdk";
import type { Address } from "viem";
import { readContract } from "viem/actions";
import type { ChainClient } from "../chain/chainClient.ts";

/** What a stop is to end: one session, or all that a module has of an account. */
export type StopTarget =
  | { kind: "session"; grant: Grant }
  | { kind: "everything"; account: Address; module: Address };

/** The account's epoch. Stopping everything makes it another one, a hash: neither higher nor lower than the one before. */
export const readEpoch = (
  client: ChainClient,
  { account, module }: { account: Address; module: Address },
): Promise<bigint> =>
  readContract(client, { address: module, abi: sessionModuleAbi, functionName: "epochOf", args: [account] });

/**
 * Whether the chain itself says that the target is stopped: no transaction's receipt tells that, since a wallet may have
 * sent something else.
 *
 * @param since The account's epoch before the stop was sent: everything is stopped once it is another.
 */
export async function isStopped(client: ChainClient, target: StopTarget, since: bigint): Promise<boolean> {
  if (target.kind === "everything") return (await readEpoch(client, target)) !== since;
  const { grant } = target;
  const session = grantSession(grant);
  const [state, epoch] = await Promise.all([
    sessionState(client, { module: grant.module, id: hashSession(session), account: session.account }),
    readEpoch(client, { account: session.account, module: grant.module }),
  ]);
  return state === "REVOKED" || epoch !== session.epoch;
}
