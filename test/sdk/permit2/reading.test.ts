import { asSafe } from "@latchkey/accounts/asSafe";
import { PERMIT2, permit2Abi, RELAYER } from "@latchkey/devchain";
import {
  budgetSummary,
  type Grant,
  hashSession,
  pay,
  type SafeVersion,
  type SessionRequest,
  sessionStatus,
} from "@latchkey/sdk";
import { encodeEnable } from "@latchkey/sdk/encoding";
import { sessionHistory, spendMeter } from "@latchkey/sdk/history";
import { expect } from "chai";
import { concat, encodeFunctionData, type Hex, maxUint256, numberToHex, parseAbi } from "viem";
import { nodeReader } from "#sdk/session/nodeReader.ts";
import { slotPrefix } from "#sdk/session/slotPrefix.ts";
import { lotWord, worthOfNodes } from "#sdk/session/usedNodes.ts";
import { nodeNonce } from "../../contracts/permit2Payment.ts";
import { MULTICALL3, setMulticall3 } from "../../environment/multicall3.ts";
import { agent, grantOf, mined, shop, USD, useSafe, walletOf } from "../safeFixture.ts";
import {
  approve,
  asAccount,
  DAY,
  letModuleAnswer,
  payByPermit2,
  settlementBy,
  usePermit2,
} from "./fixture.ts";

const multicallAbi = parseAbi([
  "struct Call { address target; bytes callData; }",
  "function aggregate(Call[] calls) returns (uint256 blockNumber, bytes[] returnData)",
]);

for (const version of ["1.4.1", "1.5.0"] as SafeVersion[])
  describe(`what is read of payments by Permit2 of a Safe ${version}`, function () {
    this.timeout(60_000);
    const world = useSafe(version);
    usePermit2(world);
    const client = () => world().env.testChain.client;
    const begin = { fromBlock: 0n };
    const granted = async (perDay = "20", changes: Partial<SessionRequest> = {}): Promise<Grant> => {
      const { env, safe } = world();
      const grant = await grantOf(world(), {
        budgets: { usdc: { perTransaction: "1", perDay, recipients: [shop], x402: "permit2" } },
        ...changes,
      });
      await approve(world(), env.usdc.address, 100n * USD);
      await letModuleAnswer(world());
      await asSafe(safe, [encodeEnable(grant)]);
      return grant;
    };
    const history = async (grant: Grant) => (await sessionHistory(client(), { grant, ...begin })).events;
    const settledOf = async (grant: Grant) =>
      (await history(grant)).flatMap((event) => (event.type === "settled" ? [event] : []));
    /** Uses nodes of a lot up, as only the account can. */
    const burn = (grant: Grant, lot: bigint, nodes: bigint) => {
      const prefix = slotPrefix({ id: hashSession(grant.session), budgetIndex: 0, period: 0n });
      return asAccount(
        world(),
        PERMIT2,
        encodeFunctionData({
          abi: permit2Abi,
          functionName: "invalidateUnorderedNonces",
          args: [lotWord(prefix, lot), nodes],
        }),
      );
    };

    it("is what was paid, what was reserved for it, and to whom", async () => {
      const grant = await granted();
      const id = hashSession(grant.session);
      const execution = await mined(
        world(),
        pay(walletOf(world(), agent), { grant, to: shop, amount: "0.5" }),
      );
      const exact = await payByPermit2(world(), grant.session, { node: { lot: 2n } });
      const upto = await payByPermit2(world(), grant.session, {
        method: "upto",
        node: { lot: 3n, size: 2, index: 1n },
        value: 250_000n,
        amount: 30_000n,
      });
      const events = await history(grant);
      expect(events.map(({ type }) => type)).to.deep.equal(["enabled", "executed", "settled", "settled"]);
      const paid = { type: "settled", by: "permit2", id, period: 0n, to: shop } as const;
      expect(events[1]).to.deep.include({ transactionHash: execution.transactionHash, amount: 500_000n });
      expect(events[2]).to.deep.include({
        ...paid,
        transactionHash: exact.transactionHash,
        slot: { lot: 2n, size: 0, index: 0n },
        nonce: numberToHex(nodeNonce(id, 0, 0n, { lot: 2n, size: 0, index: 0n }), { size: 32 }),
        amount: USD,
        reserved: USD,
      });
      expect(events[3]).to.deep.include({
        ...paid,
        transactionHash: upto.transactionHash,
        slot: { lot: 3n, size: 2, index: 1n },
        amount: 30_000n,
        reserved: 250_000n,
      });
      const [meter] = spendMeter(grant, events);
      expect(meter).to.deep.include({ spent: 1_530_000n, payments: 3 });
      expect(meter?.periods[0]).to.deep.include({
        executed: 500_000n,
        settled: 1_030_000n,
        reserved: 1_250_000n,
      });
      expect((await sessionStatus(client(), grant)).budgets[0]).to.include({
        spent: 500_000n,
        opened: 2n * USD,
        remaining: 17_500_000n,
        exact: true,
      });
      const [told] = await budgetSummary(client(), grant, { meter: spendMeter(grant, events) });
      expect(told).to.include({ paid: "1.53", reserved: "0.97", available: "17.5" });
    });

    it("is found for every session of an account, each in its own period", async () => {
      const [first, second] = [await granted(), await granted("20", { until: "3d" })];
      await payByPermit2(world(), first.session);
      await payByPermit2(world(), second.session);
      await world().env.connection.networkHelpers.time.increase(DAY);
      await payByPermit2(world(), second.session, { period: 1n });
      const { safe, latchkey } = world();
      const { events } = await sessionHistory(client(), {
        account: safe.address,
        module: latchkey.module,
        ...begin,
      });
      expect(
        events.flatMap((event) => (event.type === "settled" ? [[event.id, event.period]] : [])),
      ).to.deep.equal([
        [hashSession(first.session), 0n],
        [hashSession(second.session), 0n],
        [hashSession(second.session), 1n],
      ]);
      expect((await settledOf(first)).length).to.equal(1);
    });

    it("is found where one transaction settles several", async () => {
      await setMulticall3(world().env.testChain);
      const grant = await granted();
      const settlements = [
        await settlementBy(world(), grant.session, { node: { size: 1 }, value: 400_000n }),
        await settlementBy(world(), grant.session, { node: { lot: 1n } }),
      ];
      await world().env.testChain.send({
        from: RELAYER,
        to: MULTICALL3,
        data: encodeFunctionData({
          abi: multicallAbi,
          args: [settlements.map(({ to, data }) => ({ target: to, callData: data }))],
          functionName: "aggregate",
        }),
      });
      expect((await settledOf(grant)).map(({ amount, slot }) => [amount, slot.lot, slot.size])).to.deep.equal(
        [
          [400_000n, 0n, 1],
          [USD, 1n, 0],
        ],
      );
    });

    it("does not take other transfers for payments, whatever their calldata says", async () => {
      const grant = await granted();
      const nonce = numberToHex(
        nodeNonce(hashSession(grant.session), 0, 0n, { lot: 0n, size: 0, index: 0n }),
        { size: 32 },
      );
      const { usdc } = world().env;
      const transfer = encodeFunctionData({
        abi: parseAbi(["function transfer(address to, uint256 value)"]),
        args: [shop, USD],
      });
      await asAccount(world(), usdc.address, transfer);
      await asAccount(world(), usdc.address, concat([transfer, nonce]));
      expect(await settledOf(grant)).to.deep.equal([]);
    });

    it("counts what was used up otherwise as reserved", async () => {
      const grant = await granted();
      await burn(grant, 5n, 1n << 200n);
      expect((await sessionStatus(client(), grant)).budgets[0]).to.include({ opened: USD });
      expect(await settledOf(grant)).to.deep.equal([]);
    });

    it("is right for hundreds of lots, in few requests", async () => {
      await setMulticall3(world().env.testChain);
      const grant = await granted("1000");
      for (let lot = 0n; lot < 140n; ++lot) await burn(grant, lot, 2n);
      expect((await sessionStatus(client(), grant)).budgets[0]).to.include({
        opened: 140n * USD,
        remaining: 860n * USD,
        exact: false,
      });
    });
  });

describe("the nodes of a lot", () => {
  it("are worth what they can move, together at most the lot", () => {
    expect(worthOfNodes(USD, 0n)).to.equal(0n);
    expect(worthOfNodes(USD, 1n << 1n)).to.equal(USD);
    expect(worthOfNodes(USD, (1n << 2n) | (1n << 7n))).to.equal(750_000n);
    expect(worthOfNodes(USD, maxUint256)).to.equal(USD);
  });
  it("are found in bytes, wherever their nonces stand", () => {
    const id: Hex = `0x${"ab".repeat(32)}`;
    const read = nodeReader({ id, budgetIndex: 3, period: 9n });
    const nonces = [
      { lot: 0n, size: 0, index: 0n },
      { lot: 2n ** 32n - 1n, size: 7, index: 127n },
      { lot: 5n, size: 4, index: 9n },
    ].map((node) => ({ node, nonce: numberToHex(nodeNonce(id, 3, 9n, node), { size: 32 }) }));
    const bytes = concat(["0x12345678", ...nonces.map(({ nonce }) => nonce), "0x00"]);
    expect(read(bytes)).to.deep.equal(nonces);
    expect(read(concat([bytes, bytes])), "each once").to.deep.equal(nonces);
    expect(nodeReader({ id, budgetIndex: 3, period: 8n })(bytes)).to.deep.equal([]);
    const [first] = nonces;
    expect(read(`${(first as { nonce: Hex }).nonce.slice(0, -2)}00` as Hex), "no node 0").to.deep.equal([]);
    expect(read((first as { nonce: Hex }).nonce.slice(0, -2) as Hex), "cut off").to.deep.equal([]);
  });
});
