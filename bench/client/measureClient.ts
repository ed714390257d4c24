import { type Grant, payingFetch, sessionStatus } from "@latchkey/sdk";
import { ExactEvmScheme } from "@x402/evm/exact/client";
import { wrapFetchWithPayment, x402Client } from "@x402/fetch";
import { createPublicClient, http } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { measureHistory } from "./measureHistory.ts";
import { openChain, type RequestSpan } from "./openChain.ts";

/** Figures by name. Milliseconds, or numbers of requests; ratios of CPU time. */
export type ClientFigures = Record<string, number>;

type Pay = (input: string) => Promise<Response>;

/** How much is measured. */
export type MeasureParameters = {
  /** Payments of each client whose CPU time is measured. Default: 200. */
  payments?: number;
  /** Delays of the node, in milliseconds. Default: 0, 50 and 200. */
  delays?: readonly number[];
  /** Numbers of lots that were used before. Default: 0, 1,000 and 10,000. */
  used?: readonly number[];
  /** Milliseconds that the shop takes to settle where fifty pay at once. Default: 2,000. */
  settling?: number;
  /** Is told what is done. */
  progress?: (done: string) => void;
};

const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] as number;
};
const rounded = (value: number, digits = 0): number => Number(value.toFixed(digits));

/** The longest chain of requests of which each began when the one before it had ended. */
export function roundTripsOf(spans: readonly RequestSpan[]): number {
  let trips = 0;
  let end = Number.NEGATIVE_INFINITY;
  for (const span of [...spans].sort((a, b) => a.end - b.end)) {
    if (span.begin < end) continue;
    trips++;
    end = span.end;
  }
  return trips;
}

/** Measures payments by x402: Latchkey's from a Safe, and those of the stock `@x402/fetch` from an EOA. */
export async function measureClient({
  payments = 200,
  delays = [0, 50, 200],
  used = [0, 1_000, 10_000],
  settling = 2_000,
  progress = () => {},
}: MeasureParameters = {}): Promise<ClientFigures> {
  const figures: ClientFigures = {};
  const chain = await openChain();
  try {
    const key = privateKeyToAccount(generatePrivateKey());
    await chain.fund(key.address);
    let salt = 0;
    const newGrant = (lots: number) => chain.grant(key.address, ++salt, lots);
    const ours = (grant: Grant, fetch = globalThis.fetch): Pay =>
      payingFetch({ client: createPublicClient({ transport: http(chain.rpcUrl) }), key, grant, fetch });
    const stock: Pay = wrapFetchWithPayment(
      fetch,
      new x402Client().register(`eip155:${chain.chainId}`, new ExactEvmScheme(key)),
    );
    const paid = async (pay: Pay) => {
      const began = performance.now();
      const cpu = process.cpuUsage();
      const response = await pay(chain.itemUrl);
      await response.arrayBuffer();
      const { user, system } = process.cpuUsage(cpu);
      if (response.status !== 200) throw new Error(`not sold: ${response.status}`);
      return { milliseconds: performance.now() - began, cpu: (user + system) / 1000 };
    };
    /** One payment, and what it asked the node. */
    const watched = async (name: string, pay: Pay, delay: number) => {
      await chain.begin(delay);
      const { milliseconds } = await paid(pay);
      const spans = await chain.spans();
      figures[`${name}/requests`] = spans.length;
      figures[`${name}/roundTrips`] = roundTripsOf(spans);
      figures[`${name}/bytes`] = spans.reduce((sum, { bytes }) => sum + bytes, 0);
      figures[`${name}/ms@${delay}`] = rounded(milliseconds);
    };

    const grants = new Map<number, Grant>();
    for (const lots of used) grants.set(lots, await newGrant(lots));
    progress("chain ready");
    const warm = new Map<number, Pay>();
    for (const [lots, grant] of grants) {
      for (const delay of delays) await watched(`restart/${lots}`, ours(grant), delay);
      const pay = ours(grant);
      await chain.begin(0);
      for (let turn = 0; turn < 3; turn++) await paid(pay);
      for (const delay of delays) await watched(lots === 0 ? "steady" : `n${lots}`, pay, delay);
      warm.set(lots, pay);
    }
    for (const delay of delays) await watched("stock", stock, delay);

    const reading = () => createPublicClient({ transport: http(chain.rpcUrl) });
    /** What a read asks the node. */
    const counted = async (name: string, read: () => Promise<unknown>) => {
      await chain.begin(0);
      await read();
      const spans = await chain.spans();
      figures[`${name}/requests`] = spans.length;
      figures[`${name}/roundTrips`] = roundTripsOf(spans);
      figures[`${name}/bytes`] = spans.reduce((sum, { bytes }) => sum + bytes, 0);
    };
    for (const [lots, grant] of grants)
      await counted(`status/${lots}`, () => sessionStatus(reading(), grant));
    const four: Grant[] = [];
    for (let place = 0; place < 4; place++) four.push(await newGrant(1));
    const client = reading();
    await counted("status/4 sessions", () => Promise.all(four.map((grant) => sessionStatus(client, grant))));

    Object.assign(figures, await measureHistory());

    progress("counted");
    // In turns: what else this machine does is then the same for all.
    await chain.begin(0);
    const contenders: (readonly [string, Pay])[] = [
      ["stock", stock],
      ...[...warm]
        .filter((_, place) => place === 0 || place === warm.size - 1)
        .map(([lots, pay]) => [lots === 0 ? "steady" : `n${lots}`, pay] as const),
    ];
    const cpu = new Map<string, number[]>(contenders.map(([name]) => [name, []]));
    for (let turn = 0; turn < payments; turn++)
      for (const [name, pay] of contenders) cpu.get(name)?.push((await paid(pay)).cpu);
    const ofStock = median(cpu.get("stock") ?? []);
    for (const [name, values] of cpu) {
      figures[`${name}/cpuMs`] = rounded(median(values), 2);
      if (name !== "stock") figures[`${name}/cpuRatio`] = rounded(median(values) / ofStock, 2);
    }

    progress("CPU measured");
    for (const delay of delays) {
      const slow: typeof fetch = async (input, init) => {
        if (new Request(input, init).headers.has("PAYMENT-SIGNATURE"))
          await new Promise((done) => setTimeout(done, settling));
        return fetch(input, init);
      };
      const pay = ours(await newGrant(0), slow);
      await chain.begin(delay);
      const outcomes = await Promise.allSettled(Array.from({ length: 50 }, () => paid(pay)));
      const spans = await chain.spans();
      const times = outcomes.flatMap((one) => (one.status === "fulfilled" ? [one.value.milliseconds] : []));
      for (const one of outcomes) if (one.status === "rejected") progress(String(one.reason));
      figures["parallel50/requests"] = rounded(spans.length / 50, 2);
      figures["parallel50/refused"] = (figures["parallel50/refused"] ?? 0) + 50 - times.length;
      figures[`parallel50/ms@${delay}`] = rounded(median(times));
    }
    return figures;
  } finally {
    await chain.close();
  }
}
