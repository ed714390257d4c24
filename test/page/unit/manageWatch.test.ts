import { asSafe } from "@latchkey/accounts/asSafe";
import { type Grant, hashSession, pay, safeAddresses } from "@latchkey/sdk";
import { encodeEnable, encodePause, encodeResume, encodeRevoke } from "@latchkey/sdk/encoding";
import { expect } from "chai";
import { createClient, custom } from "viem";
import { base } from "viem/chains";
import type { AskedChain } from "#page/chain/PageChains.ts";
import type { ManagedAccount } from "#page/manage/ManagedAccount.ts";
import { type AccountNews, watchAccount } from "#page/manage/watchAccount.ts";
import { setMulticall3 } from "../../environment/multicall3.ts";
import { agent, grantOf, mined, settle, shop, USD, useSafe, walletOf } from "../../sdk/safeFixture.ts";

describe("the watch of an account", function () {
  this.timeout(60_000);
  const world = useSafe("1.5.0");
  const page = { hidden: false, addEventListener: () => {}, removeEventListener: () => {} };
  const original = globalThis.document;
  before(() => Object.assign(globalThis, { document: page }));
  after(() => Object.assign(globalThis, { document: original }));
  const watches: { end: () => void }[] = [];
  afterEach(() => {
    page.hidden = false;
    for (const watch of watches.splice(0)) watch.end();
  });

  /** A watch of some grants, and what it asks and tells. */
  function watch(grants: readonly Grant[]) {
    const asked: string[] = [];
    let open = 0;
    const request = async (call: { method: string; params?: unknown }) => {
      asked.push(call.method);
      open++;
      return world()
        .env.connection.provider.request(call as never)
        .finally(() => open--);
    };
    const client = createClient({
      chain: base,
      transport: custom({ request }, { retryCount: 0 }),
      cacheTime: 0,
    });
    const { safe, latchkey } = world();
    const owner = { chainId: base.id, address: safe.address } as NonNullable<ManagedAccount["owner"]>;
    const managed: ManagedAccount = {
      name: "watched",
      chainId: base.id,
      account: safe.address,
      module: latchkey.module,
      accountKind: "safe",
      owner,
      grants: grants.map((grant, place) => ({
        name: `Bot ${place}`,
        nonce: "0x00",
        grantedAt: 0,
        fromBlock: "0",
        transactions: [],
        grant,
      })),
      fromBlock: 0n,
    };
    const settings = { isLocal: true, sharedSigner: safeAddresses.sharedSigner } as Partial<
      AskedChain["settings"]
    > as AskedChain["settings"];
    let news: AccountNews | undefined;
    const watched = watchAccount({
      asked: { client: client as AskedChain["client"], settings, rpc: "" },
      managed,
      tell: (told) => {
        news = told;
      },
    });
    watches.push(watched);
    const quiet = async () => {
      for (let count = -1; open > 0 || count !== asked.length; ) {
        count = asked.length;
        await new Promise((done) => setTimeout(done, 150));
      }
    };
    return {
      asked,
      async latest(): Promise<AccountNews> {
        await quiet();
        watched.askNow();
        await quiet();
        if (!news) throw new Error("nothing was told");
        expect(news.failure, String(news.failure)).to.equal(undefined);
        expect(news.eventsFailure, String(news.eventsFailure)).to.equal(undefined);
        return news;
      },
    };
  }
  const grantsOf = async (count: number): Promise<Grant[]> => {
    const grants: Grant[] = [];
    for (let place = 0; place < count; place++) grants.push(await grantOf(world()));
    return grants;
  };
  const mine = () => world().env.connection.networkHelpers.mine();

  /** What a new block costs, with so many cards. */
  async function requestsOf(
    count: number,
    prepare: (grants: readonly Grant[]) => Promise<unknown>,
    change: (grant: Grant) => Grant = (grant) => grant,
  ) {
    const grants = (await grantsOf(count)).map(change);
    await prepare(grants);
    const { asked, latest } = watch(grants);
    expect((await latest()).answers.size).to.be.at.least(count);
    await mine();
    asked.length = 0;
    await latest();
    return [...asked].sort();
  }

  for (const [what, prepare] of [
    ["enabled", (grants) => asSafe(world().safe, grants.map(encodeEnable))],
    ["not used yet", async () => {}],
    ["used by signature only", async ([grant]) => settle(world(), grant as Grant)],
  ] as readonly [string, (grants: readonly Grant[]) => Promise<unknown>][])
    it(`asks as much for four sessions as for one, a block (${what})`, async () => {
      await setMulticall3(world().env.testChain);
      const one = await requestsOf(1, prepare);
      const four = await requestsOf(4, prepare);
      expect(four).to.deep.equal(one);
      expect(one.length, one.join()).to.be.at.most(11);
      expect(one.filter((method) => method === "eth_getLogs")).to.have.length(1);
      expect(one).not.to.include("eth_chainId");
    });

  it("checks one grant a block again of those that the account rejected, each in its turn", async () => {
    await setMulticall3(world().env.testChain);
    const signed = await grantOf(world());
    const reject = (grant: Grant): Grant => ({ ...grant, signature: signed.signature });
    const one = await requestsOf(1, async () => {}, reject);
    const four = await requestsOf(4, async () => {}, reject);
    expect(four).to.deep.equal(one);
    // Once they are enabled, no proof is needed, whichever's turn it is.
    const grants = (await grantsOf(2)).map(reject);
    const { latest } = watch(grants);
    const granted = async () => [...(await latest()).answers.values()].map((answer) => answer.granted);
    expect(await granted()).to.deep.equal([false, false]);
    await asSafe(world().safe, grants.map(encodeEnable));
    expect(await granted()).to.deep.equal([true, true]);
  });

  it("asks for the proof of a session once it can be used, whatever was said of it before", async () => {
    const [grant] = await grantsOf(1);
    const other = await grantOf(world());
    const forged: Grant = { ...(grant as Grant), signature: other.signature };
    await asSafe(world().safe, [encodePause(forged)]);
    const { latest } = watch([forged]);
    const answer = async () => [...(await latest()).answers.values()][0];
    expect((await answer())?.status.reasons).to.deep.equal(["PAUSED"]);
    await asSafe(world().safe, [encodeResume(forged)]);
    expect((await answer())?.status.active).to.equal(true);
    expect((await answer())?.granted).to.equal(false);
  });

  it("asks about the head alone while there is no new block, and nothing while the page is hidden", async () => {
    await setMulticall3(world().env.testChain);
    const { asked, latest } = watch(await grantsOf(2));
    await latest();
    asked.length = 0;
    await latest();
    expect(asked).to.deep.equal(["eth_getBlockByNumber"]);
    asked.length = 0;
    page.hidden = true;
    await mine();
    await latest();
    expect(asked).to.deep.equal([]);
  });

  it("tells each session's own payments and end, as they happen", async () => {
    await setMulticall3(world().env.testChain);
    const grants = await grantsOf(4);
    const [first, second, third] = grants as [Grant, Grant, Grant];
    const { latest } = watch(grants);
    const told = async () => {
      const { answers, events } = await latest();
      return {
        budgets: grants.map(({ session }) => {
          const budget = answers.get(hashSession(session))?.status.budgets[0];
          return [budget?.spent, budget?.opened];
        }),
        active: grants.map(({ session }) => {
          const answer = answers.get(hashSession(session));
          return answer?.status.active && answer.granted;
        }),
        events: events?.map(({ type }) => type),
      };
    };
    const nothing = [0n, 0n];
    expect(await told()).to.deep.equal({
      budgets: [nothing, nothing, nothing, nothing],
      active: [true, true, true, true],
      events: [],
    });
    await mined(world(), pay(walletOf(world(), agent), { grant: first, to: shop, amount: "0.50" }));
    await settle(world(), second, { value: 3n });
    expect(await told()).to.deep.equal({
      budgets: [[USD / 2n, 0n], [0n, USD], nothing, nothing],
      active: [true, true, true, true],
      events: ["enabled", "executed", "settled"],
    });
    await asSafe(world().safe, [encodeRevoke(third)]);
    const { active } = await told();
    expect(active).to.deep.equal([true, true, false, true]);
  });
});
