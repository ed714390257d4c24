import type { Chain, Client, Transport } from "viem";
import { getBlock } from "../../internal/chainActions.ts";

/** The local clock is used if it is ahead of the latest block by no more seconds than this. */
const PLAUSIBLE_LAG = 60;

/**
 * The current time of a chain: the likely timestamp of its next block.
 *
 * The latest block may be some seconds old, so a local clock that is ahead of it by no more than a minute is used.
 * One that is behind is wrong. One that is further ahead is wrong too, or the chain has not had a block for long, as
 * happens on development chains: then the timestamp of the node's pending block is read.
 *
 * @param chainTime Of the latest block, Unix time in seconds; the result is never earlier.
 */
export async function currentTime(
  client: Client<Transport, Chain | undefined>,
  chainTime: number,
): Promise<number> {
  const local = Math.floor(Date.now() / 1000);
  if (local - chainTime <= PLAUSIBLE_LAG) return Math.max(local, chainTime);
  // Not every node has a pending block.
  const pending = await getBlock(client, { blockTag: "pending" }).catch(() => undefined);
  return Math.max(chainTime, Math.min(Number(pending?.timestamp ?? 0n), local));
}
