import { asSafe } from "@latchkey/accounts/asSafe";
import { SAFE_VERSIONS } from "@latchkey/devchain";
import { type Grant, hashSession, pay, type Slot, sessionStatus } from "@latchkey/sdk";
import {
  encodeEnable,
  encodePause,
  encodeResume,
  encodeRevoke,
  encodeRevokeAll,
  slotNonce,
} from "@latchkey/sdk/encoding";
import { listSessions, type SessionEvent, sessionHistory, spendMeter } from "@latchkey/sdk/history";
import { expect } from "chai";
import {
  createPublicClient,
  custom,
  encodeFunctionData,
  erc20Abi,
  type Hex,
  HttpRequestError,
  RpcRequestError,
} from "viem";
import {
  agent,
  grantOf,
  mined,
  owner,
  propose,
  refusalOf,
  settle,
  settlementOf,
  shop,
  USD,
  useSafe,
  walletOf,
} from "./safeFixture.ts";

const DAY = 86_400;

for (const version of SAFE_VERSIONS)
  describe(`the history of a session of a Safe ${version}`, function () {
    this.timeout(60_000);
    const world = useSafe(version);
    const client = () => world().env.testChain.client;
    const usdc = () => world().env.usdc.address;
    const payShop = (grant: Grant, amount: string) =>
      mined(world(), pay(walletOf(world(), agent), { grant, to: shop, amount }));
    const told = (events: readonly SessionEvent[]) => events.map(({ type }) => type);
    /** From before the first use on: the test chain's blocks are few. */
    const begin = { fromBlock: 0n };

    it("tells what both rails paid, in order, with amount, payee, slot and time", async () => {
      const grant = await grantOf(world());
      const id = hashSession(grant.session);
      const execution = await payShop(grant, "0.70");
      const whole = await settle(world(), grant, { value: USD });
      const opener = await settle(world(), grant, { slot: { lot: 1n, size: 1 }, value: 200_000n });
      const follower = await settle(world(), grant, {
        slot: { lot: 1n, size: 1, index: 3n },
        value: 250_000n,
      });
      const { events, toBlock } = await sessionHistory(client(), { grant, ...begin });
      expect(told(events)).to.deep.equal(["enabled", "executed", "settled", "settled", "settled"]);
      expect(toBlock).to.equal(await client().getBlockNumber());
      const at = async ({
        blockNumber,
        transactionHash,
      }: {
        blockNumber: bigint;
        transactionHash: `0x${string}`;
      }) => ({
        blockNumber,
        transactionHash,
        timestamp: Number((await client().getBlock({ blockNumber })).timestamp),
      });
      const paid = { id, token: usdc(), period: 0n };
      expect(events[0]).to.deep.include({ ...(await at(execution)), id, key: agent.address });
      expect(events[0]).to.deep.include({ session: grant.session });
      expect(events[1]).to.deep.include({ ...(await at(execution)), ...paid, amount: 700_000n });
      const settled = { type: "settled", ...paid, to: shop };
      expect(events[2]).to.deep.include({
        ...settled,
        ...(await at(whole)),
        amount: USD,
        slot: { lot: 0n, size: 0, index: 0n },
      });
      expect(events[3]).to.deep.include({
        ...settled,
        ...(await at(opener)),
        amount: 200_000n,
        slot: { lot: 1n, size: 1, index: 0n },
      });
      expect(events[4]).to.deep.include({
        ...settled,
        ...(await at(follower)),
        amount: 250_000n,
        slot: { lot: 1n, size: 1, index: 3n },
      });
    });

    it("finds a follower also where its opener settled before the blocks that are looked through", async () => {
      const grant = await grantOf(world());
      await settle(world(), grant, { slot: { lot: 2n, size: 2 }, value: 1n });
      const { blockNumber } = await settle(world(), grant, {
        slot: { lot: 2n, size: 2, index: 7n },
        value: 2n,
      });
      const { events } = await sessionHistory(client(), { grant, fromBlock: blockNumber });
      expect(events).to.have.length(1);
      expect(events[0]).to.deep.include({ amount: 2n, slot: { lot: 2n, size: 2, index: 7n } });
    });

    it("finds a payment in the last of very many lots, and asks for nothing but events", async () => {
      const budgets = {
        usdc: { perTransaction: "0.000001", perDay: "4294.967295", recipients: [shop] },
      };
      const grant = await grantOf(world(), { budgets });
      const slot = { lot: 2n ** 32n - 2n, size: 0, index: 0n };
      await settle(world(), grant, { slot, value: 1n });
      const asked = new Set<string>();
      const watched = createPublicClient({
        transport: custom({
          request: (call: { method: string; params?: unknown[] }) => {
            asked.add(call.method);
            return world().env.connection.provider.request(call);
          },
        }),
      });
      const { events } = await sessionHistory(watched, { grant, ...begin });
      expect(events).to.have.length(1);
      expect(events[0]).to.deep.include({ amount: 1n, slot });
      expect([...asked])
        .to.include("eth_getLogs")
        .and.not.to.include("eth_call");
    });

    it("takes no nonce for a payment whose slot the budget does not have", async () => {
      const grant = await grantOf(world());
      await settle(world(), grant);
      const place = { id: hashSession(grant.session), budgetIndex: 0, period: 0n };
      const nonceOf = (slot: Partial<Slot>) => slotNonce({ ...place, lot: 0n, size: 0, index: 0n, ...slot });
      /** How many payments are found where the token tells another nonce in place of the payment's. */
      const found = async (nonce: Hex) => {
        const told = createPublicClient({
          transport: custom({
            request: async (call: { method: string; params?: unknown[] }) => {
              const answer = await world().env.connection.provider.request(call);
              return JSON.parse(JSON.stringify(answer).replaceAll(nonceOf({}), nonce));
            },
          }),
        });
        return (await sessionHistory(told, { grant, ...begin })).events.length;
      };
      for (const slot of [{}, { lot: 19n }, { size: 4, index: 255n }])
        expect(await found(nonceOf(slot))).to.equal(1);
      for (const slot of [{ lot: 20n }, { size: 5 }]) expect(await found(nonceOf(slot))).to.equal(0);
      for (const other of [{ period: 1n }, { budgetIndex: 1 }])
        expect(await found(slotNonce({ ...place, ...other, lot: 0n, size: 0, index: 0n }))).to.equal(0);
    });

    it("takes the transfer behind the nonce for the payment, not another one of the same transaction", async () => {
      const grant = await grantOf(world());
      const transfer = encodeFunctionData({
        abi: erc20Abi,
        functionName: "transfer",
        args: [owner.address, 7n],
      });
      await asSafe(world().safe, [
        { to: usdc(), value: 0n, data: transfer },
        await settlementOf(world(), grant, { value: 3n }),
        { to: usdc(), value: 0n, data: transfer },
      ]);
      const { events } = await sessionHistory(client(), { grant, ...begin });
      expect(events).to.have.length(1);
      expect(events[0]).to.deep.include({ type: "settled", amount: 3n, to: shop });
    });

    it("keeps sessions apart, and takes no other payment of the account for one of theirs", async () => {
      const [one, other] = [await grantOf(world()), await grantOf(world())];
      await settle(world(), one, { value: 1n });
      await settle(world(), other, { value: 2n });
      await payShop(one, "0.3");
      const amounts = async (grant: Grant) =>
        (await sessionHistory(client(), { grant, ...begin })).events.flatMap((event) =>
          event.type === "settled" || event.type === "executed" ? [event.amount] : [],
        );
      expect(await amounts(one)).to.deep.equal([1n, 300_000n]);
      expect(await amounts(other)).to.deep.equal([2n]);
    });

    it("tells when a session was paused and resumed, and lists it as paused until then", async () => {
      const { safe, latchkey } = world();
      const [grant, other] = [await grantOf(world()), await grantOf(world())];
      await payShop(grant, "0.1");
      const paused = await asSafe(safe, [encodePause(grant), encodePause(other)]);
      const id = hashSession(grant.session);
      const list = () => listSessions(client(), { account: safe.address, module: latchkey.module, ...begin });
      expect(await list()).to.have.lengthOf(1);
      expect((await list())[0]).to.include({ id, state: "ENABLED", paused: true, alive: true });
      const resumed = await asSafe(safe, [encodeResume(grant)]);
      const { events } = await sessionHistory(client(), { grant, ...begin });
      expect(told(events)).to.deep.equal(["enabled", "executed", "paused", "resumed"]);
      const blocks = [paused, resumed].map(({ blockNumber }) => blockNumber);
      expect(events.slice(2).map(({ blockNumber }) => blockNumber)).to.deep.equal(blocks);
      for (const event of events.slice(2)) expect(event).to.include({ id });
      expect((await list())[0]).to.include({ paused: false, alive: true });
      const all = await sessionHistory(client(), {
        account: safe.address,
        module: latchkey.module,
        ...begin,
      });
      expect(told(all.events)).to.deep.equal(["enabled", "executed", "paused", "paused", "resumed"]);
    });

    it("tells what happened to all sessions of an account, signed payments of those that are known", async () => {
      const { safe, latchkey } = world();
      const [enabled, signedOnly] = [await propose(world()), await grantOf(world())];
      await asSafe(safe, [encodeEnable(enabled)]);
      await settle(world(), signedOnly, { value: 5n });
      await asSafe(safe, [encodeRevoke(enabled)]);
      await asSafe(safe, [encodeRevokeAll(latchkey)]);
      const account = { account: safe.address, module: latchkey.module, ...begin };
      expect(told((await sessionHistory(client(), account)).events)).to.deep.equal([
        "enabled",
        "revoked",
        "epochChanged",
      ]);
      const { events } = await sessionHistory(client(), { ...account, grants: [signedOnly] });
      expect(told(events)).to.deep.equal(["enabled", "settled", "revoked", "epochChanged"]);
      expect((await sessionHistory(client(), { ...account, account: shop })).events).to.deep.equal([]);
    });

    describe("its spend meter", () => {
      it("adds up both rails by period, as the chain's own status does", async () => {
        const grant = await grantOf(world());
        const { validAfter } = grant.session;
        await payShop(grant, "0.70");
        await payShop(grant, "0.30");
        await settle(world(), grant, { value: USD });
        await world().env.connection.networkHelpers.time.increaseTo(validAfter + DAY);
        await settle(world(), grant, { slot: { lot: 3n, size: 1 }, value: 200_000n, period: 1n });
        const { events } = await sessionHistory(client(), { grant, ...begin });
        const meter = spendMeter(grant, events);
        expect(meter).to.deep.equal([
          {
            token: usdc(),
            spent: 2_200_000n,
            payments: 4,
            periods: [
              {
                period: 0n,
                startsAt: validAfter,
                endsAt: validAfter + DAY,
                executed: USD,
                settled: USD,
                reserved: USD,
                spent: 2n * USD,
                limit: 20n * USD,
              },
              {
                period: 1n,
                startsAt: validAfter + DAY,
                endsAt: validAfter + 2 * DAY,
                executed: 0n,
                settled: 200_000n,
                reserved: 250_000n,
                spent: 200_000n,
                limit: 20n * USD,
              },
            ],
          },
        ]);
        // The status takes the opened lot for gone.
        const [budget] = (await sessionStatus(client(), grant)).budgets;
        expect(budget).to.include({ period: 1n, spent: 0n, opened: USD });
        expect(await world().env.usdc.balanceOf(shop)).to.equal(meter[0]?.spent);
      });

      it("counts a slot's whole worth where the token's transfer is not found", async () => {
        const grant = await grantOf(world());
        await settle(world(), grant, { slot: { lot: 0n, size: 1 }, value: 3n });
        const { events } = await sessionHistory(client(), { grant, ...begin });
        const unpaid = events.map((event) =>
          event.type === "settled" ? { ...event, amount: undefined } : event,
        );
        expect(spendMeter(grant, unpaid)[0]?.spent).to.equal(USD / 4n);
      });
    });

    describe("read through a provider with limits", () => {
      type Filter = { fromBlock: `0x${string}`; toBlock: `0x${string}` };
      /** A client whose provider looks at each eth_getLogs first. */
      const through = (look: (width: number) => void) => {
        const { provider } = world().env.connection;
        return createPublicClient({
          transport: custom(
            {
              request: async ({ method, params }: { method: string; params?: unknown }) => {
                const [filter] = (params ?? []) as [Filter];
                if (method === "eth_getLogs") look(Number(filter.toBlock) - Number(filter.fromBlock) + 1);
                return provider.request({ method, params: params as unknown[] });
              },
            },
            { retryCount: 0 },
          ),
        });
      };
      const tooWide = () =>
        new RpcRequestError({
          body: {},
          url: "",
          error: { code: -32005, message: "query returned more than 10000 results" },
        });

      it("asks for less until it is answered, and misses nothing", async () => {
        const grant = await grantOf(world());
        await payShop(grant, "0.70");
        // One by one: Hardhat's OP chain cannot mine several at once.
        for (let block = 0; block < 20; block++) await world().env.connection.networkHelpers.mine();
        await settle(world(), grant);
        const expected = await sessionHistory(client(), { grant, ...begin });
        const widths: number[] = [];
        const limited = through((width) => {
          if (width > 7) throw tooWide();
          widths.push(width);
        });
        expect(await sessionHistory(limited, { grant, ...begin })).to.deep.equal(expected);
        expect(widths.length).to.be.greaterThan(5);
        expect(Math.max(...widths)).to.be.greaterThan(3);
      });

      it("never asks for more blocks at once than it is told", async () => {
        const grant = await grantOf(world());
        await payShop(grant, "0.70");
        const widths: number[] = [];
        const limited = through((width) => widths.push(width));
        const { events } = await sessionHistory(limited, { grant, ...begin, mostBlocks: 5n });
        expect(told(events)).to.deep.equal(["enabled", "executed"]);
        expect(Math.max(...widths)).to.equal(5);
      });

      it("gives up where not even one block is answered, and at once where nobody answers", async () => {
        const grant = await grantOf(world());
        let asked = 0;
        const mute = through(() => {
          asked++;
          throw tooWide();
        });
        expect((await refusalOf(sessionHistory(mute, { grant, ...begin }))).code).to.equal("NETWORK");
        expect(asked).to.be.lessThan(20);
        asked = 0;
        const dead = through(() => {
          asked++;
          throw new HttpRequestError({ url: "" });
        });
        expect((await refusalOf(sessionHistory(dead, { grant, ...begin }))).code).to.equal("NETWORK");
        expect(asked).to.equal(1);
      });

      it("refuses a range that has no blocks", async () => {
        const grant = await grantOf(world());
        for (const range of [
          { fromBlock: 10n ** 9n },
          { fromBlock: 3n, toBlock: 2n },
          { ...begin, mostBlocks: 0n },
        ])
          expect((await refusalOf(sessionHistory(client(), { grant, ...range }))).code).to.equal(
            "INVALID_RANGE",
          );
      });
    });

    describe("the list of an account's sessions", () => {
      const list = (grants?: readonly Grant[]) =>
        listSessions(client(), {
          account: world().safe.address,
          module: world().latchkey.module,
          ...begin,
          ...(grants ? { grants } : {}),
        });

      it("has each that was enabled, with where it stands now", async () => {
        const [used, revoked, over] = [
          await grantOf(world()),
          await propose(world()),
          await propose(world(), { until: "1h" }),
        ];
        const { transactionHash, blockNumber } = await payShop(used, "0.1");
        await asSafe(world().safe, [encodeEnable(revoked), encodeEnable(over)]);
        await asSafe(world().safe, [encodeRevoke(revoked)]);
        await world().env.connection.networkHelpers.time.increase(3600);
        const sessions = await list();
        expect(sessions.map(({ state, alive }) => [state, alive])).to.deep.equal([
          ["ENABLED", true],
          ["REVOKED", false],
          ["ENABLED", false],
        ]);
        expect(sessions[0]).to.deep.equal({
          id: hashSession(used.session),
          session: used.session,
          state: "ENABLED",
          paused: false,
          epochCurrent: true,
          alive: true,
          enabled: { transactionHash, blockNumber },
        });
        await asSafe(world().safe, [encodeRevokeAll(world().latchkey)]);
        expect((await list()).some(({ alive, epochCurrent }) => alive || epochCurrent)).to.equal(false);
      });

      it("has a session that was used by signature only where its grant file is given", async () => {
        const grant = await grantOf(world());
        await settle(world(), grant);
        expect(await list()).to.deep.equal([]);
        const [session, ...others] = await list([grant, grant]);
        expect(others).to.deep.equal([]);
        expect(session).to.include({ state: "UNKNOWN", alive: true, enabled: undefined });
        expect(await list([{ ...grant, module: shop }])).to.deep.equal([]);
        await asSafe(world().safe, [encodeRevoke(grant)]);
        expect((await list([grant]))[0]).to.include({ state: "REVOKED", alive: false });
      });
    });
  });
