import type { Chain, Client, Transport } from "viem";
import { getBlock } from "../../internal/chainActions.ts";

/** A local clock that is ahead of the latest block by no more seconds than this is believed. */
const PLAUSIBLE_LAG = 60;

/**
 * What time it is for a chain: what its next block will say, as far as that can be known.
 *
 * The latest block may be some seconds old, so a local clock that is ahead of it by no more than a minute is followed.
 * One that is behind is wrong. One that is further ahead is wrong too, or the chain has had no block for long, as
 * happens on chains for development: then the node is asked what its pending block says.
 *
 * @param chainTime - of the latest block, Unix time in seconds; the answer is never earlier
 */
export async function currentTime(
  client: Client<Transport, Chain | undefined>,
  chainTime: number,
): Promise<number> {
  const local = Math.floor(Date.now() / 1000);
  if (local - chainTime <= PLAUSIBLE_LAG) return Math.max(local, chainTime);
  // Not every node knows a pending block.
  const pending = await getBlock(client, { blockTag: "pending" }).catch(() => undefined);
  return Math.max(chainTime, Math.min(Number(pending?.timestamp ?? 0n), local));
}
