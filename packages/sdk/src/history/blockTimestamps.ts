import type { Chain, Client, Hex, Transport } from "viem";
import { getBlock } from "../internal/chainActions.ts";

/** How many blocks are asked for at once. */
const AT_ONCE = 8;
/** Times that are remembered for a client's transport. */
const MOST_REMEMBERED = 20_000;

/** Times by the hash of a block, which a reorganisation does not change. */
const remembered = new WeakMap<object, Map<Hex, number>>();

/**
 * Unix times of the blocks that logs are in, in seconds. If the logs contain the time, no further request is made; otherwise
 * one for each block, once.
 *
 * @throws {Refusal} NETWORK
 */
export async function blockTimestamps(
  client: Client<Transport, Chain | undefined>,
  logs: readonly { blockNumber: bigint; blockHash: Hex; blockTimestamp?: bigint | null | undefined }[],
): Promise<ReadonlyMap<bigint, number>> {
  const key = client.transport ?? client;
  const known = remembered.get(key) ?? new Map<Hex, number>();
  remembered.set(key, known);
  const times = new Map<bigint, number>();
  const missing = new Set<bigint>();
  for (const { blockNumber, blockHash, blockTimestamp } of logs) {
    const time = blockTimestamp ? Number(blockTimestamp) : known.get(blockHash);
    if (time === undefined) missing.add(blockNumber);
    else times.set(blockNumber, time);
  }
  const asked = [...missing].filter((one) => !times.has(one));
  for (let at = 0; at < asked.length; at += AT_ONCE)
    await Promise.all(
      asked.slice(at, at + AT_ONCE).map(async (blockNumber) => {
        const { hash, timestamp } = await getBlock(client, { blockNumber });
        times.set(blockNumber, Number(timestamp));
        if (known.size >= MOST_REMEMBERED) known.clear();
        known.set(hash, Number(timestamp));
      }),
    );
  return times;
}
