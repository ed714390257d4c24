import {
  type Address,
  type Chain,
  type Client,
  formatLog,
  type Hex,
  type Log,
  numberToHex,
  type Transport,
} from "viem";
import { decodeError } from "../errors/decodeError.ts";
import { InvalidInput } from "../errors/InvalidInput.ts";
import { networkRefusal } from "../errors/networkRefusal.ts";
import type { Refusal } from "../errors/Refusal.ts";
import { asking, getBlockNumber } from "./chainActions.ts";
import { logRefusal } from "./logRefusal.ts";
import { pause } from "./pause.ts";

/** The blocks that are searched. */
export type BlockRange = {
  /** First block: that of the module's deployment, of the grant, or where an earlier search ended. */
  fromBlock: bigint;
  /** Last block. Default: the latest. */
  toBlock?: bigint;
  /**
   * Most blocks per request. Providers allow between ten and unlimited; if one refuses, less is requested, also by later
   * searches through the same client.
   * Default: 10,000.
   */
  mostBlocks?: bigint;
};

/** Which logs: of any of the contracts, with topics as in `eth_getLogs`. */
export type LogFilter = {
  address: readonly Address[];
  topics: readonly (Hex | readonly Hex[])[];
};

/** A log that is in a block. */
export type MinedLog = Log<bigint, number, false> & { blockTimestamp?: bigint | null | undefined };

type Piece = { fromBlock: bigint; toBlock: bigint };

/** How many pieces are asked for at once. */
const AT_ONCE = 8;
/** Widths that providers allow, tried in turn after one that is refused without a number. */
const WIDTHS = [10_000n, 5_000n, 2_000n, 1_000n, 500n, 200n, 100n, 50n, 20n, 10n, 5n, 2n, 1n];
/** How often in a row a busy provider is asked for the same piece. */
const PATIENT_TRIES = 6;
/** Milliseconds before the first of these repetitions; they double. */
const FIRST_WAIT = 500;
const LONGEST_WAIT = 10_000;
/** Refused requests of a search, beside two for each that was answered, after which it gives up. */
const MOST_REFUSALS = 64;

/** What is known about the provider behind a transport. */
type Provider = {
  /** The widest range that it serves, once it refused a wider one and served this. */
  width: bigint | undefined;
  /** After how many logs it leaves the rest out without a word. */
  cutsAt: number | undefined;
};

const providers = new WeakMap<object, Provider>();

function providerOf(client: Client<Transport, Chain | undefined>): Provider {
  // Clients that extend one another share their transport.
  const key = client.transport ?? client;
  const provider = providers.get(key) ?? { width: undefined, cutsAt: undefined };
  providers.set(key, provider);
  return provider;
}

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
 * Reads the logs of a range piece by piece, several pieces at once. What the provider refuses as too wide is asked for in
 * narrower pieces, which is remembered for the client's transport; what it refuses as too much is halved, down to one
 * block; and if it is asked too often, it is asked again later, unless the transport has a `retryCount` of 0.
 *
 * A provider that leaves out logs beyond some number is noticed by that number: if it is a round one, both halves are
 * read, and count if they have more.
 *
 * @param range From {@link resolveBlockRange}.
 * @returns Each log once, in the chain's order.
 * @throws {Refusal} NETWORK if the node cannot be reached, stays busy, or fails even for one block.
 */
export async function readLogs(
  client: Client<Transport, Chain | undefined>,
  range: Required<BlockRange>,
  filter: LogFilter,
): Promise<MinedLog[]> {
  const provider = providerOf(client);
  // A transport that is not to repeat anything is not asked again, either.
  const own: number = client.transport?.retryCount ?? 3;
  const patience = own > 0 ? PATIENT_TRIES : 1;
  let width = range.mostBlocks;
  if (provider.width !== undefined && provider.width < width) width = provider.width;
  let isNarrowed = false;
  let answered = 0;
  let refused = 0;
  let quietUntil = 0;
  let failure: unknown;
  let logs: MinedLog[] = [];

  const piecesOf = ({ fromBlock, toBlock }: Piece, most: bigint): Piece[] => {
    const pieces: Piece[] = [];
    for (let first = fromBlock; first <= toBlock; first += most)
      pieces.push({ fromBlock: first, toBlock: min(first + most - 1n, toBlock) });
    return pieces;
  };
  const each = async (pieces: readonly Piece[]): Promise<MinedLog[]> => {
    let found: MinedLog[] = [];
    for (const piece of pieces) found = found.concat(await read(piece));
    return found;
  };

  /** The logs of a piece, in as many requests as it takes. */
  async function read(piece: Piece): Promise<MinedLog[]> {
    const blocks = piece.toBlock - piece.fromBlock + 1n;
    // Refused meanwhile, for another piece.
    if (blocks > width) return each(piecesOf(piece, width));
    const half = (blocks + 1n) / 2n;
    for (let tries = 0; ; tries++) {
      if (failure !== undefined) throw failure;
      const wait = quietUntil - Date.now();
      if (wait > 0) await pause(wait * (1 + Math.random() / 4), undefined);
      try {
        const found = await requestLogs(client, piece, filter);
        answered++;
        if (isNarrowed) provider.width = width;
        return await complete(piece, found);
      } catch (error) {
        const refusal = logRefusal(error, blocks);
        if (++refused > MOST_REFUSALS + 2 * answered) throw ending(error);
        if (refusal.kind === "wait") {
          if (tries + 1 >= patience) throw ending(error);
          const most = Math.min(FIRST_WAIT * 2 ** tries, LONGEST_WAIT);
          const next = refusal.milliseconds ?? most * (0.5 + Math.random() / 2);
          quietUntil = Math.max(quietUntil, Date.now() + Math.min(next, LONGEST_WAIT));
        } else if ((refusal.kind === "unreachable" || refusal.kind === "fault") && tries < own) {
          await pause(150 * 2 ** tries, undefined);
        } else if (refusal.kind === "unreachable" || blocks === 1n) throw ending(error);
        else if (refusal.kind === "tooWide") {
          const narrower = refusal.most ?? WIDTHS.find((one) => one < blocks) ?? 1n;
          isNarrowed = true;
          if (narrower < width) width = narrower;
          return each(piecesOf(piece, width));
        } else {
          const most = "most" in refusal ? refusal.most : undefined;
          return each(piecesOf(piece, most ?? half));
        }
      }
    }
  }

  /** The logs of a piece, read again in halves if some may have been left out. */
  async function complete(piece: Piece, found: MinedLog[]): Promise<MinedLog[]> {
    const isCut = provider.cutsAt !== undefined && found.length >= provider.cutsAt;
    if (!isCut && !isRound(found.length)) return found;
    const blocks = piece.toBlock - piece.fromBlock + 1n;
    if (blocks === 1n) {
      if (!isCut) return found;
      throw networkRefusal(undefined, {
        said: `returns no more than ${provider.cutsAt} events at a time, and block ${piece.fromBlock} may have more`,
      });
    }
    const halves = piecesOf(piece, (blocks + 1n) / 2n);
    const parts = await each(halves);
    if (parts.length <= found.length) return isCut ? parts : found;
    const cutsAt = Math.min(found.length, provider.cutsAt ?? found.length);
    const isNews = cutsAt !== provider.cutsAt;
    provider.cutsAt = cutsAt;
    // What was read before that was known may have been cut, too.
    return isNews ? each(halves) : parts;
  }

  const ending = (error: unknown): Refusal => {
    const refusal = decodeError(error);
    const { shortMessage } = refusal.code === "NETWORK" ? refusal : networkRefusal(error);
    const said = `returned no events, after ${refused} refused requests: ${shortMessage}`;
    return refused === 1 && refusal.code === "NETWORK"
      ? refusal
      : networkRefusal(error, { said: said.replace(/\.+$/, "") });
  };

  let next = range.fromBlock;
  const readNext = async (): Promise<void> => {
    const piece = { fromBlock: next, toBlock: min(next + width - 1n, range.toBlock) };
    next = piece.toBlock + 1n;
    try {
      // Not as arguments of one call: there may be more of them than a call takes.
      const found = await read(piece);
      logs = logs.concat(found);
    } catch (error) {
      failure ??= error;
    }
  };
  const isOver = () => next > range.toBlock || failure !== undefined;
  // One at a time until something was answered: a width that is refused is refused once.
  while (!isOver() && answered === 0) await readNext();
  const readOn = async () => {
    while (!isOver()) await readNext();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, readOn));
  if (failure !== undefined) throw failure;
  return logs.sort((a, b) => Number(a.blockNumber - b.blockNumber) || a.logIndex - b.logIndex);
}

/** One request. It is not repeated by the transport: the search decides what is asked next. */
const requestLogs = /* @__PURE__ */ asking(
  async (
    client: Client<Transport, Chain | undefined>,
    { fromBlock, toBlock }: Piece,
    { address, topics }: LogFilter,
  ): Promise<MinedLog[]> => {
    const logs = await client.request(
      {
        method: "eth_getLogs",
        params: [
          {
            address: [...address],
            topics: topics.map((topic) => (typeof topic === "string" ? topic : [...topic])),
            fromBlock: numberToHex(fromBlock),
            toBlock: numberToHex(toBlock),
          },
        ],
      },
      { retryCount: 0 },
    );
    return logs
      .map((log) => formatLog(log) as MinedLog)
      .filter(({ blockNumber }) => blockNumber >= fromBlock && blockNumber <= toBlock);
  },
);

/** Whether a number of logs looks like a provider's limit. */
const isRound = (count: number): boolean =>
  count >= 100 && (count % 100 === 0 || (count & (count - 1)) === 0);

const min = (a: bigint, b: bigint): bigint => (a < b ? a : b);
