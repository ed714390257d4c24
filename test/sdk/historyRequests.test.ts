import { asSafe } from "@latchkey/accounts/asSafe";
import { type Grant, hashSession, pay } from "@latchkey/sdk";
import { encodeEnable, encodeRevokeAll, slotNonce } from "@latchkey/sdk/encoding";
import { listSessions, type SessionHistory, sessionHistory } from "@latchkey/sdk/history";
import { expect } from "chai";
import {
  type Address,
  type Chain,
  createPublicClient,
  custom,
  type Hex,
  keccak256,
  pad,
  RpcRequestError,
  toHex,
} from "viem";
import { base } from "viem/chains";
import { setMulticall3 } from "../environment/multicall3.ts";
import { agent, grantOf, mined, settle, shop, useSafe, walletOf } from "./safeFixture.ts";

type RpcLog = { address: Address; topics: Hex[]; blockTimestamp?: Hex; logIndex: Hex; transactionHash: Hex };
type Call = { method: string; params?: unknown };

describe("the requests for a history", function () {
  this.timeout(60_000);
  const world = useSafe("1.5.0");

  /** A client that keeps what it asked, and whose logs are changed on the way. */
  function through(
    change: (logs: RpcLog[], filter: { fromBlock: Hex; toBlock: Hex }) => RpcLog[] = (logs) => logs,
    chain?: Chain,
  ) {
    const asked: string[] = [];
    const request = async (call: Call) => {
      asked.push(call.method);
      const answer = await world().env.connection.provider.request(call as never);
      if (call.method !== "eth_getLogs") return answer;
      return change(answer as RpcLog[], (call.params as [{ fromBlock: Hex; toBlock: Hex }])[0]);
    };
    return {
      client: createPublicClient({ transport: custom({ request }), ...(chain ? { chain } : {}) }),
      asked,
    };
  }
  const payShop = (grant: Grant, amount: string) =>
    mined(world(), pay(walletOf(world(), agent), { grant, to: shop, amount }));
  const mine = async (blocks: number) => {
    for (let block = 0; block < blocks; block++) await world().env.connection.networkHelpers.mine();
  };
  /** Payments on both rails, by two sessions, with blocks in between. */
  async function somePayments(): Promise<Grant[]> {
    const grants = [await grantOf(world()), await grantOf(world())];
    for (const [place, grant] of grants.entries()) {
      await payShop(grant, "0.10");
      await mine(3 + place);
      await settle(world(), grant, { slot: { lot: 2n }, value: 5n });
      await settle(world(), grant, { slot: { lot: 4n, size: 1 }, value: 6n });
      await mine(4);
    }
    await asSafe(world().safe, [encodeRevokeAll(world().latchkey)]);
    await mine(3);
    return grants;
  }

  it("are one for all events of an account, and as many for its list of sessions", async () => {
    await setMulticall3(world().env.testChain);
    const grants = await somePayments();
    const { safe, latchkey } = world();
    const of = { account: safe.address, module: latchkey.module, fromBlock: 0n };
    const logsOf = (asked: readonly string[]) => asked.filter((method) => method === "eth_getLogs").length;
    const { client, asked } = through(undefined, base);
    for (const subject of [{ grant: grants[0] as Grant, fromBlock: 0n }, { ...of, grants }, of]) {
      asked.length = 0;
      expect((await sessionHistory(client, subject)).events.length).to.be.greaterThan(3);
      expect(logsOf(asked), asked.join()).to.equal(1);
    }
    asked.length = 0;
    expect(await listSessions(client, of)).to.have.length(2);
    expect(asked).to.deep.equal(["eth_blockNumber", "eth_getLogs", "eth_call"]);
  });

  it("find the payments of sessions whose token nobody named, in a second pass", async () => {
    await somePayments();
    const { safe, latchkey } = world();
    const of = { account: safe.address, module: latchkey.module, fromBlock: 0n };
    const { client, asked } = through();
    const known = await sessionHistory(through(undefined, base).client, of);
    expect(await sessionHistory(client, of)).to.deep.equal(known);
    expect(known.events.filter(({ type }) => type === "settled")).to.have.length(4);
    expect(asked.filter((method) => method === "eth_getLogs")).to.have.length(2);
  });

  it("find the same, whatever range is asked for and whatever the node allows", async () => {
    const grants = await somePayments();
    const { safe, latchkey } = world();
    const head = await world().env.testChain.client.getBlockNumber();
    const of = { account: safe.address, module: latchkey.module, grants };
    const plain = await sessionHistory(through().client, { ...of, fromBlock: 0n, mostBlocks: 10n ** 9n });
    let state = 1n;
    const random = (below: bigint): bigint => {
      state = BigInt(keccak256(pad(toHex(state))));
      return state % below;
    };
    for (let turn = 0; turn < 40; turn++) {
      const fromBlock = random(head + 1n);
      const toBlock = fromBlock + random(head - fromBlock + 1n);
      const widest = 1n + random(20n);
      const { client } = through((logs, filter) => {
        if (BigInt(filter.toBlock) - BigInt(filter.fromBlock) < widest) return logs;
        throw new RpcRequestError({ body: {}, url: "", error: { code: -32602, message: "range too wide" } });
      });
      const found: SessionHistory = await sessionHistory(client, { ...of, fromBlock, toBlock });
      const expected = plain.events.filter(
        ({ blockNumber }) => blockNumber >= fromBlock && blockNumber <= toBlock,
      );
      expect(found.events, `turn ${turn}`).to.deep.equal(expected);
    }
  });

  it("include each block's time once, where logs do not have it", async () => {
    const [grant] = (await somePayments()) as [Grant];
    const { client, asked } = through((logs) => logs.map(({ blockTimestamp, ...log }) => log));
    const timed = await sessionHistory(through().client, { grant, fromBlock: 0n });
    const count = () => asked.filter((method) => method === "eth_getBlockByNumber").length;
    expect(await sessionHistory(client, { grant, fromBlock: 0n })).to.deep.equal(timed);
    const blocks = new Set(timed.events.map(({ blockNumber }) => blockNumber));
    expect(count()).to.be.within(blocks.size, blocks.size + 3);
    asked.length = 0;
    expect(await sessionHistory(client, { grant, fromBlock: 0n })).to.deep.equal(timed);
    expect(count()).to.equal(0);
  });

  it("take an event only from the contract whose event it is", async () => {
    const grant = await grantOf(world());
    await asSafe(world().safe, [encodeEnable(grant)]);
    await payShop(grant, "0.10");
    await settle(world(), grant, { slot: { lot: 2n }, value: 5n });
    const expected = await sessionHistory(through().client, { grant, fromBlock: 0n });
    expect(expected.events.map(({ type }) => type)).to.deep.equal(["enabled", "executed", "settled"]);
    const { module } = grant;
    const token = world().env.usdc.address;
    // The token logs what the module does, and the module what the token does.
    const other = (one: RpcLog): RpcLog => ({
      ...one,
      address: one.address.toLowerCase() === module.toLowerCase() ? token : module,
    });
    const swapped = through((logs) => logs.flatMap((log) => [other(log), log]));
    expect(await sessionHistory(swapped.client, { grant, fromBlock: 0n })).to.deep.equal(expected);
  });

  it("cost under 200 ms of CPU time where a thousand payments of the account are not the session's", async () => {
    const budgets = { usdc: { perTransaction: "0.000001", perDay: "4294.967295", recipients: [shop] } };
    const grant = await grantOf(world(), { budgets });
    await settle(world(), grant, { value: 1n });
    const nonceOf = (place: number, id: Hex) =>
      slotNonce({ id, budgetIndex: 0, period: 0n, lot: BigInt(place), size: 0, index: 0n });
    const id = hashSession(grant.session);
    const own = nonceOf(0, id);
    const { client, asked } = through((logs) =>
      logs.flatMap((log) => {
        if (log.topics[2] !== own) return [log];
        const foreign = Array.from({ length: 1000 }, (_, place) => {
          const stranger = keccak256(pad(toHex(place)));
          // Half of them look like slots, of another session.
          const nonce = place % 2 ? stranger : nonceOf(place, stranger);
          return { ...log, topics: [...log.topics.slice(0, 2), nonce] as Hex[] };
        });
        return [...foreign, log];
      }),
    );
    const read = () => sessionHistory(client, { grant, fromBlock: 0n });
    expect((await read()).events).to.have.length(1);
    asked.length = 0;
    const before = process.cpuUsage();
    await read();
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1000).to.be.lessThan(200);
    expect(asked).not.to.include("eth_call");
  });
});
