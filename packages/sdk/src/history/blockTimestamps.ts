import type { Chain, Client, Transport } from "viem";
import { getBlock } from "../internal/chainActions.ts";

/** How many blocks are asked for at once. */
const AT_ONCE = 8;

/**
 * Unix times of the blocks that logs are in, in seconds. If the logs contain the time, no further request is made.
 *
 * @throws {Refusal} NETWORK
 */
export async function blockTimestamps(
  client: Client<Transport, Chain | undefined>,
  logs: readonly { blockNumber: bigint; blockTimestamp?: bigint | null | undefined }[],
): Promise<ReadonlyMap<bigint, number>> {
  const times = new Map<bigint, number>();
  for (const { blockNumber, blockTimestamp } of logs)
    if (blockTimestamp) times.set(blockNumber, Number(blockTimestamp));
  const missing = [...new Set(logs.map(({ blockNumber }) => blockNumber))].filter((one) => !times.has(one));
  for (let at = 0; at < missing.length; at += AT_ONCE)
    await Promise.all(
      missing.slice(at, at + AT_ONCE).map(async (blockNumber) => {
        const { timestamp } = await getBlock(client, { blockNumber });
        times.set(blockNumber, Number(timestamp));
      }),
    );
  return times;
}
