import type { Grant } from "@latchkey/sdk";
import { type SessionEvent, sessionHistory } from "@latchkey/sdk/history";
import type { Chain, Client, Transport } from "viem";
import { getBlock } from "viem/actions";

/** What happened to a session, and where it was searched. */
export type SessionEvents = { events: readonly SessionEvent[]; fromBlock: bigint; toBlock: bigint };

/**
 * Reads what happened to a session on the chain.
 *
 * @param fromBlock First block. Default: the last one before the session starts.
 * @throws {Refusal} As sessionHistory.
 */
export async function readHistory(
  client: Client<Transport, Chain | undefined>,
  grant: Grant,
  fromBlock?: bigint,
): Promise<SessionEvents> {
  const { events, ...range } = await sessionHistory(client, {
    grant,
    fromBlock: fromBlock ?? (await blockBefore(client, Number(grant.session.validAfter))),
  });
  return { events, ...range };
}

/** The last block before a time; the first one if there is none. */
async function blockBefore(client: Client<Transport, Chain | undefined>, time: number): Promise<bigint> {
  const { number: latest } = await getBlock(client, { blockTag: "latest" });
  let [before, after] = [0n, latest ?? 0n];
  while (before < after) {
    const middle = (before + after + 1n) / 2n;
    const { timestamp } = await getBlock(client, { blockNumber: middle });
    if (Number(timestamp) < time) before = middle;
    else after = middle - 1n;
  }
  return before;
}
