import { type Chain, type Client, HttpRequestError, type Transport } from "viem";
import { hasCause } from "../errors/causes.ts";
import { decodeError } from "../errors/decodeError.ts";
import { InvalidInput } from "../errors/InvalidInput.ts";
import { getBlockNumber } from "./chainActions.ts";

/** Which blocks are looked through. */
export type BlockRange = {
  /** First block: that of the module's deployment, of the grant, or where an earlier look ended. */
  fromBlock: bigint;
  /** Last block. Default: the latest. */
  toBlock?: bigint;
  /**
   * Most blocks that one request covers. Providers allow between ten and unlimited; where one refuses, less is asked for.
   * Default: 10,000.
   */
  mostBlocks?: bigint;
};

/**
 * The range with its end, which is read once so that every question covers the same blocks.
 *
 * @throws {InvalidInput} INVALID_RANGE: it ends before it begins, or no blocks at once.
 * @throws {Refusal} NETWORK where the chain cannot be asked.
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
    shortMessage: `There are no blocks from ${fromBlock} to ${end}, ${mostBlocks} at once.`,
    metaMessages: ["Let fromBlock be at most toBlock (by default the latest), and mostBlocks above zero."],
    details: { fromBlock, toBlock: end, mostBlocks },
  });
}

/**
 * Reads logs of a range piece by piece. A piece that the provider refuses, as too wide or with too many results, is
 * halved down to one block; after a success the pieces grow again.
 *
 * @param range By {@link resolveBlockRange}.
 * @param read Asks for one piece: viem's `getLogs`.
 * @throws {Refusal} NETWORK where the chain cannot be reached, or its node answers not even for one block.
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

/** A provider that says no has an answer, of any kind; one that takes too long may do with less. */
const isUnreachable = (error: unknown): boolean =>
  hasCause(error, (one) => one instanceof HttpRequestError && one.status === undefined);
