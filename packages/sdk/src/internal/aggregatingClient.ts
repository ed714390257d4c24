import {
  type Address,
  type Chain,
  type Client,
  type Hex,
  numberToHex,
  RawContractError,
  type Transport,
} from "viem";
import { decodeAggregate3, encodeAggregate3 } from "./aggregate3.ts";
import { asking, call, getBlock } from "./chainActions.ts";

/** Multicall3, at the same address on nearly every chain. */
export const MULTICALL3: Address = "0xcA11bde05977b3631167028862bE2a173976CA11";

/** The selector of its getCurrentBlockTimestamp(). */
const timeQuestion: Hex = "0x0f28c97d";
/** The selector of its getChainId(). */
const chainQuestion: Hex = "0x3408e470";

/** Methods that only read. */
const repeatable: readonly string[] = ["eth_call", "eth_chainId", "eth_getBlockByNumber", "eth_getCode"];

/** A call that waits to be sent with others. */
type Waiting = { to: Address; data: Hex; done: (data: Hex) => void; fail: (error: unknown) => void };

/**
 * A client whose calls are sent together: what is asked before the next turn of the event loop is one request, and all
 * answers in it are of one block. More than 2,000 calls are several requests, the time in the first.
 */
export type AggregatingClient = Client<Transport, Chain | undefined> & {
  /** The client that it asks. */
  alone: Client<Transport, Chain | undefined>;
  /** The timestamp of the block that the answers are of, of which this is one. */
  chainTime(): Promise<number>;
  /**
   * Calls that are asked together, each answered by the data that it returned.
   *
   * @param alone Asks them in requests of their own, where the chain has no Multicall3.
   * @throws {RawContractError} One reverted.
   */
  calls<answer>(
    to: Address,
    calldata: readonly Hex[],
    decode: (data: Hex) => answer,
    alone: () => Promise<readonly answer[]>,
  ): Promise<readonly answer[]>;
};

/** Most calls of one request: more would exceed the gas that some nodes allow it. */
const MOST_CALLS = 2_000;

/** The aggregating clients of clients, for those who ask at the same time without knowing of one another. */
const shared = new WeakMap<object, AggregatingClient>();

/** The aggregating client of a client, always the same: whatever is asked through it at the same time is one request. */
export function sharedAggregatingClient(
  client: Client<Transport, Chain | undefined> | AggregatingClient,
): AggregatingClient {
  if ("chainTime" in client) return client;
  const together = shared.get(client) ?? aggregatingClient(client);
  shared.set(client, together);
  return together;
}

/** Clients whose chain was seen to have no Multicall3. */
const without = new WeakSet<object>();

/** Thrown to those who must ask by themselves. */
const NO_MULTICALL3 = Symbol("the chain has no Multicall3");

/**
 * Lets reads of a client that are made at the same time share one `eth_call`, by Multicall3. Where the chain has none,
 * each of them is a request of its own, and the time is read first, so that no answer is older.
 */
export function aggregatingClient(client: Client<Transport, Chain | undefined>): AggregatingClient {
  let waiting: Waiting[] = [];

  const ask = (to: Address, data: Hex): Promise<Hex> =>
    new Promise((done, fail) => {
      // A macrotask: whatever an answer sets off is asked together as well.
      if (waiting.length === 0) setTimeout(send, 0);
      waiting.push({ to, data, done, fail });
    });

  /** The same, but in a request of its own where the chain has no Multicall3. */
  const askOr = async <answer>(
    to: Address,
    data: Hex,
    decode: (data: Hex) => answer,
    alone: () => Promise<answer>,
  ): Promise<answer> => {
    try {
      return decode(await ask(to, data));
    } catch (error) {
      if (error !== NO_MULTICALL3) throw error;
      return alone();
    }
  };

  async function send(): Promise<void> {
    const all = waiting;
    waiting = [];
    // In turn: the time is in the first, so that nothing else is older.
    const isTime = ({ data }: Waiting) => data === timeQuestion;
    const ordered =
      all.length > MOST_CALLS ? [...all.filter(isTime), ...all.filter((one) => !isTime(one))] : all;
    for (let from = 0; from < ordered.length; from += MOST_CALLS)
      await sendTogether(ordered.slice(from, from + MOST_CALLS));
  }

  async function sendTogether(calls: readonly Waiting[]): Promise<void> {
    try {
      const answers = without.has(client) ? undefined : await aggregate(client, calls);
      if (answers === undefined) await askAlone(calls);
      calls.forEach(({ done, fail }, place) => {
        const answer = answers?.[place];
        if (answer?.success) done(answer.data);
        else fail(answers ? new RawContractError({ data: answer?.data ?? "0x" }) : NO_MULTICALL3);
      });
    } catch (error) {
      for (const { fail } of calls) fail(error);
    }
  }

  /** The time is read before anything else is asked. */
  async function askAlone(calls: readonly Waiting[]): Promise<void> {
    const times = calls.filter(({ data }) => data === timeQuestion);
    if (times.length === 0) return;
    const { timestamp } = await getBlock(client, { blockTag: "latest" });
    for (const { done } of times) done(numberToHex(timestamp));
  }

  const request = async (
    asked: { method: string; params?: unknown },
    options?: unknown,
  ): Promise<unknown> => {
    // The same question at the same time is asked once.
    const alone = () =>
      (client.request as (...parameters: unknown[]) => Promise<unknown>)(asked, {
        ...(options as object | undefined),
        ...(repeatable.includes(asked.method) ? { dedupe: true } : {}),
      });
    if (asked.method === "eth_chainId")
      return askOr(MULTICALL3, chainQuestion, shortened, alone as () => Promise<Hex>);
    const [question, block] = Array.isArray(asked.params) ? asked.params : [];
    const { to, data, ...other } = (question ?? {}) as { to?: Address; data?: Hex };
    const isPlain =
      asked.method === "eth_call" &&
      block === "latest" &&
      to !== undefined &&
      data !== undefined &&
      Object.values(other).every((value) => value === undefined);
    return isPlain ? askOr(to, data, (answer) => answer, alone as () => Promise<Hex>) : alone();
  };

  const { chain, transport, uid, key, name, type, cacheTime, pollingInterval, ccipRead } = client;
  const fields = {
    chain,
    transport,
    uid,
    key,
    name,
    type,
    cacheTime,
    pollingInterval,
    ccipRead,
    account: undefined,
  };
  return {
    ...(fields as unknown as Client<Transport, Chain | undefined>),
    alone: client,
    request: request as never,
    chainTime: async () => Number(await ask(MULTICALL3, timeQuestion)),
    async calls(to, calldata, decode, alone) {
      try {
        return await Promise.all(calldata.map(async (data) => decode(await ask(to, data))));
      } catch (error) {
        if (error !== NO_MULTICALL3) throw error;
        return alone();
      }
    },
  };
}

/** The answers to calls; undefined if the chain has no Multicall3. */
const aggregate = /* @__PURE__ */ asking(
  async (client: Client<Transport, Chain | undefined>, calls: readonly Waiting[]) => {
    const { data } = await call(client, { to: MULTICALL3, data: encodeAggregate3(calls) });
    // Nothing is what an address without code returns.
    if (data === undefined) {
      without.add(client);
      return undefined;
    }
    const answers = decodeAggregate3(data);
    if (answers.length !== calls.length) throw new TypeError("Multicall3 did not answer every call.");
    return answers;
  },
);

/** A quantity of JSON-RPC, from a word. */
const shortened = (word: Hex): Hex => `0x${BigInt(word).toString(16)}`;
