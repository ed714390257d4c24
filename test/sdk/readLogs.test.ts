import { mock } from "node:test";
import { isRefusal, type Refusal } from "@latchkey/sdk";
import { expect } from "chai";
import {
  createPublicClient,
  custom,
  getAddress,
  type Hex,
  HttpRequestError,
  keccak256,
  numberToHex,
  pad,
  RpcRequestError,
  toHex,
} from "viem";
import { logRefusal } from "#sdk/internal/logRefusal.ts";
import { readLogs } from "#sdk/internal/readLogs.ts";

type Filter = { fromBlock: Hex; toBlock: Hex };
type Place = { block: number; index: number };

const contract = getAddress(toHex(0x109, { size: 20 }));
const filter = { address: [contract], topics: [keccak256("0x01")] };
const refuse = (code: number, message: string) =>
  new RpcRequestError({ body: {}, url: "https://node.example/", error: { code, message } });
const status = (number: number, details = "") =>
  new HttpRequestError({ url: "https://node.example/", status: number, details });

const logAt = ({ block, index }: Place) => ({
  address: contract,
  topics: filter.topics,
  data: "0x",
  blockNumber: numberToHex(block),
  blockHash: pad(toHex(block)),
  transactionHash: pad(toHex(block * 1000 + index)),
  transactionIndex: "0x0",
  logIndex: numberToHex(index),
  removed: false,
});

/** Numbers that look random and are the same in every run. */
function numbersFrom(seed: number): (below: number) => number {
  let state = BigInt(keccak256(toHex(seed)));
  return (below) => {
    state = BigInt(keccak256(pad(toHex(state))));
    return Number(state % BigInt(below));
  };
}

type Limits = {
  /** Refuses wider ranges, with this error. */
  range?: { most: number; says: (most: number) => Error };
  /** Refuses more logs, with this error. */
  results?: { most: number; says: (most: number) => Error };
  /** Leaves out what is more, and says nothing. */
  cuts?: number;
  /** Decides about each request first: an error, or nothing. */
  before?: (request: number) => Error | undefined;
};

/** A provider that has some logs, and limits. */
function provider(places: readonly Place[], { range, results, cuts, before }: Limits, retryCount = 3) {
  const asked: number[] = [];
  const request = async ({ method, params }: { method: string; params?: unknown }) => {
    expect(method).to.equal("eth_getLogs");
    const [{ fromBlock, toBlock }] = params as [Filter];
    const [first, last] = [Number(fromBlock), Number(toBlock)];
    asked.push(last - first + 1);
    const failure = before?.(asked.length);
    if (failure) throw failure;
    await new Promise((done) => setImmediate(done));
    if (range && last - first + 1 > range.most) throw range.says(range.most);
    const found = places.filter(({ block }) => block >= first && block <= last);
    if (results && found.length > results.most) throw results.says(results.most);
    return found.slice(0, cuts).map(logAt);
  };
  return { client: createPublicClient({ transport: custom({ request }, { retryCount }) }), asked };
}

const range = (fromBlock: number, toBlock: number, mostBlocks = 10_000) => ({
  fromBlock: BigInt(fromBlock),
  toBlock: BigInt(toBlock),
  mostBlocks: BigInt(mostBlocks),
});
const placesOf = async (read: ReturnType<typeof readLogs>): Promise<Place[]> =>
  (await read).map(({ blockNumber, logIndex }) => ({ block: Number(blockNumber), index: logIndex }));
const refusalOf = async (read: Promise<unknown>): Promise<Refusal> => {
  const error = await read.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isRefusal(error)) throw new Error(`no refusal: ${error}`);
  return error;
};

/** Logs in order, up to `dense` in a block. */
function someLogs(numbers: (below: number) => number, blocks: number, count: number, dense: number): Place[] {
  const perBlock = new Map<number, number>();
  for (let left = count; left > 0; ) {
    const block = numbers(blocks);
    const here = Math.min(left, 1 + numbers(dense));
    perBlock.set(block, (perBlock.get(block) ?? 0) + here);
    left -= here;
  }
  return [...perBlock]
    .sort(([a], [b]) => a - b)
    .flatMap(([block, logs]) => Array.from({ length: logs }, (_, index) => ({ block, index })));
}

const rangeErrors: readonly ((most: number) => Error)[] = [
  (most) => refuse(-32614, `eth_getLogs is limited to a ${most.toLocaleString("en-US")} range`),
  (most) => refuse(-32000, `exceed maximum block range: ${most}`),
  () => refuse(-32600, "Block range limit exceeded."),
  () => refuse(-32005, "block range is too wide"),
  () => status(400, '{"error":"range too large"}'),
  () => refuse(-32602, "invalid params"),
];
const resultErrors: readonly ((most: number) => Error)[] = [
  (most) => refuse(-32005, `query returned more than ${most} results`),
  () => refuse(-32602, "Log response size exceeded."),
  () => refuse(-32000, "query timeout exceeded"),
];

describe("logs read through a provider with limits", function () {
  this.timeout(60_000);

  it("are those of one request, each once and in order, whatever the limits", async () => {
    for (let turn = 0; turn < 150; turn++) {
      const numbers = numbersFrom(turn);
      const blocks = 50 + numbers(3000);
      const places = someLogs(numbers, blocks, numbers(600), 1 + numbers(6));
      const from = numbers(blocks);
      const to = from + numbers(blocks - from);
      const densest = Math.max(1, ...places.map(({ index }) => index + 1));
      const limits: Limits = {};
      const says = <one>(all: readonly one[]) => all[numbers(all.length)] as one;
      if (numbers(3) > 0) limits.range = { most: 20 + numbers(blocks), says: says(rangeErrors) };
      const kind = numbers(3);
      if (kind === 1) limits.results = { most: densest + numbers(100), says: says(resultErrors) };
      if (kind === 2) limits.cuts = Math.max(100 * (1 + numbers(3)), densest + 1);
      const { client } = provider(places, limits);
      const expected = places.filter(({ block }) => block >= from && block <= to);
      const mostBlocks = 1 + numbers(2 * blocks);
      const found = await placesOf(readLogs(client, range(from, to, mostBlocks), filter));
      expect(found, `turn ${turn}: ${JSON.stringify(limits)}`).to.deep.equal(expected);
    }
  });

  for (const [place, says] of rangeErrors.entries())
    it(`take few requests after a refusal, and none is refused the next time (${place})`, async () => {
      const places = someLogs(numbersFrom(place), 30_000, 200, 1);
      const { client, asked } = provider(places, { range: { most: 1000, says } });
      expect(await placesOf(readLogs(client, range(0, 29_999), filter))).to.deep.equal(places);
      expect(asked.length).to.be.at.most(34);
      asked.length = 0;
      expect(await placesOf(readLogs(client, range(0, 29_999), filter))).to.deep.equal(places);
      expect(asked).to.deep.equal(Array(30).fill(1000));
      // Another client of the same transport knows as well.
      asked.length = 0;
      await readLogs(client.extend(() => ({})) as never, range(0, 999), filter);
      expect(asked).to.deep.equal([1000]);
    });

  it("use the range that a provider suggests", async () => {
    const says = () => refuse(-32600, "up to a 10 block range; this should work: [0x0, 0x9]");
    const { client, asked } = provider([], { range: { most: 10, says } });
    await readLogs(client, range(0, 99), filter);
    expect(asked).to.deep.equal([100, ...Array(10).fill(10)]);
  });

  it("are asked for in wide pieces again where few are, after a place with many", async () => {
    const dense = Array.from({ length: 64 }, (_, block) => ({ block, index: 0 }));
    const says = resultErrors[0] as (most: number) => Error;
    const { client, asked } = provider(dense, { results: { most: 10, says } });
    expect(await placesOf(readLogs(client, range(0, 29_999, 1000), filter))).to.deep.equal(dense);
    expect(asked.length).to.be.at.most(70);
  });

  it("are asked for eight pieces at a time", async () => {
    let open = 0;
    let most = 0;
    const request = async () => {
      most = Math.max(most, ++open);
      await new Promise((done) => setTimeout(done, 1));
      open--;
      return [];
    };
    const client = createPublicClient({ transport: custom({ request }) });
    await readLogs(client, range(0, 29_999, 1000), filter);
    expect(most).to.equal(8);
  });

  describe("of a provider that limits how often it is asked", () => {
    for (const [what, error] of [
      ["429", status(429)],
      ["-32005", refuse(-32005, "limit exceeded")],
      ["-32016", refuse(-32016, "over rate limit")],
      ["words", refuse(-32000, "Too Many Requests, reduce calls per second")],
    ] as const)
      it(`are asked for again, later, and in pieces as wide (${what})`, async () => {
        const places = someLogs(numbersFrom(1), 4000, 50, 1);
        let refused = 0;
        const { client, asked } = provider(places, {
          before: (request) => (request === 2 && ++refused ? error : undefined),
        });
        const begin = Date.now();
        expect(await placesOf(readLogs(client, range(0, 3999, 1000), filter))).to.deep.equal(places);
        expect(Date.now() - begin).to.be.at.least(240);
        expect(refused).to.equal(1);
        expect(asked).to.deep.equal(Array(5).fill(1000));
      });

    it("end in NETWORK after some tries, which says what happened", async () => {
      const { client, asked } = provider([], { before: () => refuse(-32005, "limit exceeded") }, 1);
      mock.timers.enable({ apis: ["setTimeout", "Date"] });
      let refusal: Refusal | undefined;
      try {
        const reading = refusalOf(readLogs(client, range(0, 29_999, 1000), filter)).then((reason) => {
          refusal = reason;
        });
        let passed = 0;
        for (; !refusal && passed < 60_000; passed += 100) {
          mock.timers.tick(100);
          await new Promise((done) => setImmediate(done));
        }
        await reading;
        expect(passed).to.be.within(7_500, 25_000);
      } finally {
        mock.timers.reset();
      }
      expect(refusal?.code).to.equal("NETWORK");
      expect(refusal?.shortMessage).to.match(/after 6 refused requests.*limit exceeded/i);
      expect(asked).to.deep.equal(Array(6).fill(1000));
    });

    it("are not asked for again where the transport repeats nothing", async () => {
      const { client, asked } = provider([], { before: () => status(429) }, 0);
      expect((await refusalOf(readLogs(client, range(0, 99), filter))).code).to.equal("NETWORK");
      expect(asked).to.deep.equal([100]);
    });
  });

  it("end in NETWORK where nobody answers, after as many tries as the transport makes", async () => {
    const { client, asked } = provider([], { before: () => new HttpRequestError({ url: "" }) }, 2);
    expect((await refusalOf(readLogs(client, range(0, 99), filter))).code).to.equal("NETWORK");
    expect(asked).to.deep.equal([100, 100, 100]);
  });

  it("end in NETWORK where every piece is refused, after a bounded number of requests", async () => {
    for (const says of [...rangeErrors, ...resultErrors]) {
      const { client, asked } = provider([], { before: () => says(1) });
      expect((await refusalOf(readLogs(client, range(0, 10 ** 9), filter))).code).to.equal("NETWORK");
      expect(asked.length).to.be.at.most(70);
    }
  });

  it("end in NETWORK where one block has more than a provider that leaves logs out returns", async () => {
    const places = Array.from({ length: 350 }, (_, index) => ({ block: 7, index }));
    const { client } = provider(
      [...places.slice(0, 150).map(({ index }) => ({ block: 3, index })), ...places],
      {
        cuts: 200,
      },
    );
    const refusal = await refusalOf(readLogs(client, range(0, 99), filter));
    expect(refusal.code).to.equal("NETWORK");
    expect(refusal.shortMessage).to.include("block 7").and.to.include("200");
  });

  it("are read once more if their number is a round one, and no limit is remembered for that", async () => {
    const places = someLogs(numbersFrom(4), 1000, 100, 1).slice(0, 100);
    const { client, asked } = provider(places, {});
    expect(await placesOf(readLogs(client, range(0, 999), filter))).to.deep.equal(places);
    expect(asked).to.deep.equal([1000, 500, 500]);
  });
});

describe("what a provider says about a request for logs", () => {
  const of = (message: string, code = -32000, width = 10_000n) => logRefusal(refuse(code, message), width);

  it("names the range that it serves", () => {
    for (const [message, most] of [
      ["eth_getLogs is limited to a 2,000 range", 2000n],
      ["query exceeds max block range 1000", 1000n],
      ["eth_getLogs block range too large, range: 10000, max: 1024", 1024n],
      ["You can make eth_getLogs requests with up to a 2K block range", 2000n],
      ["up to a 10 block range. Try [0x64, 0x6d]", 10n],
      ["Block range is too large", undefined],
      ["block 3 is too old", undefined],
    ] as const)
      expect(of(message), message).to.deep.equal({ kind: "tooWide", most });
  });

  it("may be that too much was found, whatever its code", () => {
    expect(of("query returned more than 10000 results", -32005).kind).to.equal("tooMuch");
    expect(of("query returned more than 10000 results. Try [0x1, 0x20]", -32005)).to.deep.equal({
      kind: "tooMuch",
      most: 32n,
    });
    expect(of("Log response size exceeded.", -32602).kind).to.equal("tooMuch");
  });
});
