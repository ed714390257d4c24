import { type Chain, type Client, HttpRequestError, type Transport } from "viem";
import { hasCause } from "../errors/causes.ts";
import { decodeError } from "../errors/decodeError.ts";
import { InvalidInput } from "../errors/InvalidInput.ts";
import { getBlockNumber } from "./chainActions.ts";

/** The blocks that are searched. */
export type BlockRange = {
  /** First block: that of the module's deployment, of the grant, or where an earlier search ended. */
  fromBlock: bigint;
  /** Last block. Default: the latest. */
  toBlock?: bigint;
  /**
   * Most blocks per request. Providers allow between ten and unlimited; if one refuses, less is requested.
   * Default: 10,000.
   */
  mostBlocks?: bigint;
};

/**
 * The range with its end, which is read once so that every request covers the same blocks.
 *
 * @throws {InvalidInput} INVALID_RANGE: it ends before it starts, or `mostBlocks` is 0.
 * @throws {Refusal} NETWORK
 */
export async function resolveBlockRange(
  client: Client<Transport, Chain | undefined>,
  { fromBlock, toBlock, mostBlocks = 10_000n }: BlockRange,
): Promise<Required<BlockRange>> {
  const end = toBlock ?? (await getBlockNumber(client, { cacheTime: 0 }));
  const areNumbers = [fromBlock, end, mostBlocks].every((one) => typeof one === "bigint");
  if (areNumbers && fromBlock >= 0n && fromBlock <= end && mostBlocks > 0n)
    return { fromBlock, toBlock: end, mostBlocks };
  throw new InvalidInput({
    code: "INVALID_RANGE",
    shortMessage: `The block range from ${fromBlock} to ${end}, ${mostBlocks} per request, is empty.`,
    metaMessages: [
      "fromBlock must not be after toBlock (by default the latest), and mostBlocks must be above zero.",
    ],
    details: { fromBlock, toBlock: end, mostBlocks },
  });
}

/**
 * Reads logs of a range piece by piece. A piece that the provider refuses, as too wide or with too many results, is
 * halved down to one block; after a success the pieces grow again.
 *
 * @param range From {@link resolveBlockRange}.
 * @param read Reads one piece: viem's `getLogs`.
 * @throws {Refusal} NETWORK if the node cannot be reached, or fails even for one block.
 */
export async function readLogs<log>(
  { fromBlock, toBlock, mostBlocks }: Required<BlockRange>,
  read: (piece: { fromBlock: bigint; toBlock: bigint }) => Promise<readonly log[]>,
): Promise<log[]> {
  const logs: log[] = [];
  let width = mostBlocks;
  let first = fromBlock;
  while (first <= toBlock) {
    const last = first + width - 1n < toBlock ? first + width - 1n : toBlock;
    try {
      logs.push(...(await read({ fromBlock: first, toBlock: last })));
    } catch (error) {
      if (first === last || isUnreachable(error)) throw decodeError(error);
      width = (last - first + 1n) / 2n;
      continue;
    }
    first = last + 1n;
    width = width * 2n < mostBlocks ? width * 2n : mostBlocks;
  }
  return logs;
}

/** A refusal by the provider is a response of any kind; one that times out may manage less. */
const isUnreachable = (error: unknown): boolean =>
  hasCause(error, (one) => one instanceof HttpRequestError && one.status === undefined);
