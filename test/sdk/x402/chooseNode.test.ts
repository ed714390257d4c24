import "../../environment/seed.ts";
import { expect } from "chai";
import fc from "fast-check";
import { type Address, hexToBigInt } from "viem";
import { chooseNode } from "#sdk/agent/x402/chooseNode.ts";
import type { SlotChoice } from "#sdk/agent/x402/chooseSlot.ts";
import type { HeldSlot } from "#sdk/agent/x402/HeldSlot.ts";
import { knownNodes } from "#sdk/agent/x402/knownNodes.ts";
import { memoryPaymentStore } from "#sdk/agent/x402/memoryPaymentStore.ts";
import { slotAllocator } from "#sdk/agent/x402/slotAllocator.ts";
import { slotKey } from "#sdk/agent/x402/slotKey.ts";
import { Refusal } from "#sdk/errors/Refusal.ts";
import { nodeBit } from "#sdk/session/nodeNonce.ts";
import type { Slot } from "#sdk/session/Slot.ts";
import { brokenByPayment, isSet, type NodeState, nodeWorth, reachesUsedLot } from "../../model/NodeRule.ts";
import { type Limits, sessionId } from "./fakeToken.ts";

const alice: Address = "0xa11ce00000000000000000000000000000000000";
const LIFETIME = 360;
const DOLLAR = 1_000_000n;
const dollar: Limits = { perTransaction: DOLLAR, perPeriod: 20n * DOLLAR, sizes: 5 };
const series = { session: 0n, period: 0n };

/** What Permit2 and the module know of one budget's period: the words, and the rule of the model. */
function fakePermit2(limits: Limits) {
  const words = new Map<bigint, bigint>();
  const wordOf = (lot: bigint) => words.get(lot) ?? 0n;
  let spent = 0n;
  let settled = 0n;
  let questions = 0;
  let reads = 0;
  const state = (): NodeState => ({
    budget: { ...limits, depths: 8 },
    series,
    spentIn: () => spent,
    wordOf: (_, lot) => wordOf(lot),
  });
  const objections = ({ lot, size, index }: Slot, amount: bigint): string[] => [
    ...brokenByPayment(state(), { lot, depth: size, index, amount, method: "exact", nonceOf: series }),
    ...(isSet(wordOf(lot), nodeBit({ size, index })) ? ["used"] : []),
  ];
  // After the prefix: 4 bytes of the lot, and 11 of what is in it.
  const lotOf = (nonce: string): bigint => BigInt.asUintN(32, hexToBigInt(nonce as `0x${string}`) >> 88n);
  return {
    wordOf,
    objections,
    burn: (lot: bigint, bits: bigint) => void words.set(lot, wordOf(lot) | bits),
    settle(node: Slot, amount: bigint): string[] {
      const found = objections(node, amount);
      if (found.length > 0) return found;
      words.set(node.lot, wordOf(node.lot) | (1n << nodeBit(node)));
      settled += amount;
      return [];
    },
    execute(amount: bigint): boolean {
      if (amount > limits.perTransaction || spent + amount > limits.perPeriod) return false;
      if (reachesUsedLot(state(), amount)) return false;
      spent += amount;
      return true;
    },
    get spent() {
      return spent;
    },
    get total() {
      return spent + settled;
    },
    get questions() {
      return questions;
    },
    get reads() {
      return reads;
    },
    nonceStates: async (nonces: readonly string[]) => {
      questions++;
      reads += nonces.length;
      return nonces.map((nonce) => wordOf(lotOf(nonce)));
    },
  };
}

function setUp(limits: Limits = dollar, store = memoryPaymentStore()) {
  const permit2 = fakePermit2(limits);
  const budget = {
    token: alice,
    period: 86_400,
    initial: 0n,
    perSecond: 0n,
    signatures: 6,
    recipients: [alice],
    ...limits,
  };
  const agent = () =>
    slotAllocator({
      account: "eip155:1:0x5afe",
      sessionId,
      budget,
      budgetIndex: 0,
      store,
      nonceStates: permit2.nonceStates,
    });
  const first = agent();
  const take = (value: bigint, now = 0, from = first) =>
    from.take({
      value,
      payee: alice,
      period: 0n,
      spent: permit2.spent,
      resetsAt: 86_400,
      now,
      heldUntil: () => now + LIFETIME,
    });
  const pay = async (value: bigint, now = 0) => {
    const { slot } = await take(value, now);
    expect(permit2.settle(slot, value), slotKey(slot)).to.deep.equal([]);
    return slotKey(slot);
  };
  return { permit2, agent, take, pay, allocator: first };
}

const refusalOf = async (work: Promise<unknown>): Promise<Refusal> => {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).to.be.instanceOf(Refusal);
  return error as Refusal;
};

/** All nodes of a budget. */
const nodesOf = ({ perTransaction, perPeriod, sizes }: Limits): Slot[] =>
  Array.from({ length: Number(perPeriod / perTransaction) }, (_, lot) =>
    Array.from({ length: sizes }, (__, size) =>
      Array.from({ length: 2 ** size }, (___, index) => ({ lot: BigInt(lot), size, index: BigInt(index) })),
    ).flat(),
  ).flat();

/** Whether one of two nodes of a lot lies above the other, or is the other. */
const collide = (one: Slot, other: Slot): boolean => {
  if (one.lot !== other.lot) return false;
  const [high, low] = one.size <= other.size ? [one, other] : [other, one];
  return low.index >> BigInt(low.size - high.size) === high.index;
};

describe("the choice of a node", () => {
  it("is never what the rule refuses, nor in the way of a payment in flight, and found whenever there is one", () => {
    const outcomes = new Map<string, number>();
    fc.assert(
      fc.property(
        fc.record({
          x: fc.integer({ min: 8, max: 40 }),
          lots: fc.oneof(fc.nat(3), fc.nat(24)),
          rest: fc.nat(7),
          sizes: fc.integer({ min: 1, max: 4 }),
          value: fc.nat(44),
          spent: fc.nat(200),
          used: fc.array(fc.tuple(fc.nat(23), fc.integer({ min: 0, max: 255 })), { maxLength: 40 }),
          full: fc.nat(24),
          held: fc.array(
            fc.record({ lot: fc.oneof(fc.nat(2), fc.nat(24)), size: fc.nat(3), index: fc.nat(7) }),
            { maxLength: 20 },
          ),
          remembered: fc.boolean(),
        }),
        ({ x, lots, rest, sizes, value, spent, used, full, held: inFlight, remembered }) => {
          const perTransaction = BigInt(x);
          const limits = { perTransaction, perPeriod: perTransaction * BigInt(lots) + BigInt(rest), sizes };
          const permit2 = fakePermit2(limits);
          for (let lot = 0; lot < full; lot++) permit2.burn(BigInt(lot), 2n);
          for (const [lot, bit] of used) permit2.burn(BigInt(lot), 1n << BigInt(bit));
          const amount = BigInt(value);
          const executed = BigInt(spent) > limits.perPeriod ? limits.perPeriod : BigInt(spent);
          const held = inFlight.map(
            ({ lot, size, index }): HeldSlot => ({
              lot: BigInt(lot),
              size: size % sizes,
              index: BigInt(index % 2 ** (size % sizes)),
              period: 0n,
              payee: alice,
              heldUntil: 1,
            }),
          );
          const known = knownNodes();
          if (remembered)
            for (const [lot] of used.slice(0, 5)) known.add(BigInt(lot), permit2.wordOf(BigInt(lot)));
          const fresh = new Map<bigint, bigint>();
          let choice: SlotChoice;
          for (let turn = 0; ; turn++) {
            expect(turn).to.be.lessThan(40);
            choice = chooseNode({
              ...limits,
              value: amount,
              spent: executed,
              held,
              known,
              fresh: (lot) => fresh.get(lot),
            });
            if (choice.kind !== "read") break;
            expect(choice.slots).not.to.deep.equal([]);
            for (const { lot } of choice.slots) {
              expect(fresh.has(lot), "read twice").to.equal(false);
              fresh.set(lot, permit2.wordOf(lot));
              known.add(lot, permit2.wordOf(lot));
            }
          }
          outcomes.set(choice.kind, (outcomes.get(choice.kind) ?? 0) + 1);
          const judged = (node: Slot, worth: bigint): boolean =>
            brokenByPayment(
              {
                budget: { ...limits, depths: 8 },
                series,
                spentIn: () => executed,
                wordOf: (_, lot) => permit2.wordOf(lot),
              },
              {
                lot: node.lot,
                depth: node.size,
                index: node.index,
                amount: worth,
                method: "exact",
                nonceOf: series,
              },
            ).length === 0 && !isSet(permit2.wordOf(node.lot), nodeBit(node));
          const isFree = (node: Slot) => !held.some((other) => collide(node, other));
          const good = nodesOf(limits).filter((node) => judged(node, amount));
          if (choice.kind === "slot") {
            const { slot } = choice;
            expect(judged(slot, amount)).to.equal(true);
            expect(isFree(slot)).to.equal(true);
            // No smaller one would do.
            expect(slot.size === sizes - 1 || nodeWorth(limits, slot.size + 1) < amount).to.equal(true);
            // A new lot is opened only if no opened one has room.
            const isOpened = (lot: bigint) =>
              permit2.wordOf(lot) !== 0n || held.some((other) => other.lot === lot);
            if (!isOpened(slot.lot) && known.searched)
              expect(good.filter((node) => isFree(node) && isOpened(node.lot))).to.deep.equal([]);
            return;
          }
          expect(good.filter(isFree)).to.deep.equal([]);
          if (choice.kind === "wait") {
            expect(good).not.to.deep.equal([]);
            for (const each of choice.for)
              expect(
                good.some((node) => node.lot === each.lot),
                slotKey(each),
              ).to.equal(true);
          } else if (amount <= perTransaction) {
            expect(good).to.deep.equal([]);
            const possible = nodesOf(limits).filter((node) => judged(node, 0n) && isFree(node));
            const worths = possible.map(({ size }) => nodeWorth(limits, size));
            expect(choice.largest).to.equal(worths.reduce((most, each) => (each > most ? each : most), 0n));
          }
        },
      ),
      { numRuns: process.env.LATCHKEY_DEEP ? 20_000 : 1_000 },
    );
    for (const kind of ["slot", "wait", "none"]) expect(outcomes.get(kind) ?? 0, kind).to.be.greaterThan(2);
  });
});

describe("the allocator of nodes", () => {
  it("takes the smallest node that is worth the price", async () => {
    for (const [value, size] of [
      [1_000_000n, 0],
      [500_001n, 0],
      [500_000n, 1],
      [250_000n, 2],
      [125_000n, 3],
      [62_500n, 4],
      [62_501n, 3],
      [0n, 4],
    ] as const)
      expect(await setUp().pay(value), `${value}`).to.equal(`0/${size}/0`);
  });

  it("does as the worked example, mixes sizes within a lot, and keeps large parts whole", async () => {
    const { pay } = setUp();
    expect(await pay(200_000n)).to.equal("0/2/0");
    expect(await pay(200_000n)).to.equal("0/2/1");
    expect(await pay(3_000n)).to.equal("0/4/8");
    expect(await pay(200_000n)).to.equal("0/2/3");
    for (const index of [9, 10, 11]) expect(await pay(3_000n)).to.equal(`0/4/${index}`);
    expect(await pay(1n)).to.equal("1/4/0");
    expect(await pay(500_000n)).to.equal("1/1/1");
  });

  it("uses the smallest free part that has room, wherever it lies", async () => {
    const { pay, permit2 } = setUp();
    // An eighth in the middle of lot 0 is used: the eighth beside it is free, a quarter, and a half before it.
    permit2.burn(0n, 1n << 13n);
    // Of lot 1 a quarter is left.
    permit2.burn(1n, (1n << 2n) | (1n << 6n));
    permit2.burn(2n, 2n);
    expect(await pay(500_001n)).to.equal("3/0/0");
    expect(await pay(125_000n)).to.equal("0/3/4");
    expect(await pay(250_000n)).to.equal("0/2/3");
    expect(await pay(250_000n)).to.equal("1/2/3");
    expect(await pay(250_000n)).to.equal("0/2/0");
  });

  it("makes fifty payments to one payee at once, none of which waits, and all of which settle in any order", async () => {
    const { take, permit2 } = setUp();
    const taken = await Promise.all(Array.from({ length: 50 }, () => take(250_000n)));
    expect(new Set(taken.map(({ nonce }) => nonce)).size).to.equal(50);
    expect(Math.max(...taken.map(({ slot }) => Number(slot.lot)))).to.equal(12);
    for (const { slot } of taken.reverse()) expect(permit2.settle(slot, 250_000n)).to.deep.equal([]);
  });

  it("uses a node again once its payment has lapsed, and one that was given back at once", async () => {
    const { take, allocator } = setUp({ ...dollar, perPeriod: DOLLAR });
    const { slot } = await take(DOLLAR);
    const refusal = await refusalOf(take(1n));
    expect(refusal.code).to.equal("SLOTS_TAKEN");
    expect(refusal.details).to.include({ inFlight: 1, until: LIFETIME });
    await allocator.release(slot);
    await take(500_000n);
    expect(slotKey((await take(DOLLAR, LIFETIME + 1)).slot)).to.equal("0/0/0");
  });

  it("says PERIOD, and how much still fits, once all of it has settled", async () => {
    const { take, pay } = setUp({ ...dollar, perPeriod: DOLLAR });
    await pay(500_000n);
    await pay(200_000n);
    const refusal = await refusalOf(take(500_000n));
    expect(refusal.code).to.equal("PERIOD");
    expect(refusal.details).to.include({ remaining: 250_000n, resetsAt: 86_400, amount: 500_000n });
    await pay(250_000n);
    expect((await refusalOf(take(1n))).details.remaining).to.equal(0n);
  });

  it("never uses a lot that executions have reached", async () => {
    const { take, pay, permit2 } = setUp({ ...dollar, perPeriod: 2_500_000n });
    expect(permit2.execute(600_000n)).to.equal(true);
    expect(await pay(DOLLAR)).to.equal("0/0/0");
    expect((await refusalOf(take(DOLLAR))).code).to.equal("PERIOD");
  });

  it("finds the first free lot of 50,000 in five questions, whatever was used before", async function () {
    this.timeout(120_000);
    for (const count of [0, 1, 16, 17, 100, 1024, 10_000, 49_999, 50_000]) {
      const { permit2, take, agent } = setUp({ ...dollar, perPeriod: 50_001n * DOLLAR });
      for (let lot = 0; lot < count; lot++) permit2.burn(BigInt(lot), 2n);
      expect(slotKey((await take(DOLLAR, 0, agent())).slot)).to.equal(`${count}/0/0`);
      expect(permit2.questions, `${count}`).to.be.at.most(5);
    }
  });

  it("goes on after a restart in the lot that was begun, and asks nothing that it was told", async () => {
    const { permit2, take, agent } = setUp({ ...dollar, perPeriod: 10_000n * DOLLAR });
    for (let lot = 0; lot < 5_000; lot++) permit2.burn(BigInt(lot), 2n);
    permit2.burn(5_000n, 1n << 4n);
    const { slot: begun } = await take(250_000n, 0, agent());
    expect(slotKey(begun)).to.equal("5000/2/1");
    expect(permit2.questions).to.be.at.most(6);
    expect(permit2.settle(begun, 250_000n)).to.deep.equal([]);
    const one = agent();
    expect(permit2.settle((await take(250_000n, 0, one)).slot, 250_000n)).to.deep.equal([]);
    for (let turn = 0; turn < 10; turn++) {
      const { slots, nonces } = one.expect({ value: 50_000n, payee: alice, period: 0n, payments: 1 });
      const states = await permit2.nonceStates(nonces);
      const { questions } = permit2;
      const { slot } = await one.take({
        value: 50_000n,
        payee: alice,
        period: 0n,
        spent: 0n,
        resetsAt: 86_400,
        now: 0,
        read: { period: 0n, slots, states },
        heldUntil: () => LIFETIME,
      });
      // It searches once, when the lot that was begun is full.
      expect(permit2.questions - questions, `${turn}`).to.be.at.most(turn === 4 ? 4 : 0);
      expect(permit2.settle(slot, 50_000n)).to.deep.equal([]);
    }
  });

  it("holds under any interleaving of two agents: no node twice, none that the rule refuses, never over the budget", async function () {
    this.timeout(process.env.LATCHKEY_DEEP ? 3_600_000 : 120_000);
    const step = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({ do: fc.constant("take" as const), value: fc.nat(40), agent: fc.nat(1) }),
      },
      { weight: 5, arbitrary: fc.record({ do: fc.constant("settle" as const), which: fc.nat(100) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("execute" as const), amount: fc.nat(40) }) },
      {
        weight: 1,
        arbitrary: fc.record({ do: fc.constant("burn" as const), lot: fc.nat(4), bit: fc.nat(255) }),
      },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("restart" as const), agent: fc.nat(1) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant("pass" as const), seconds: fc.nat(400) }) },
    );
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          x: fc.integer({ min: 16, max: 40 }),
          y: fc.integer({ min: 0, max: 160 }),
          sizes: fc.integer({ min: 1, max: 4 }),
        }),
        fc.array(step, { minLength: 40, maxLength: 80, size: "max" }),
        async ({ x, y, sizes }, steps) => {
          const perTransaction = BigInt(x);
          const all: Limits = { perTransaction, perPeriod: perTransaction + BigInt(y), sizes };
          const { permit2, take, agent } = setUp(all);
          const agents = [agent(), agent()];
          let now = 0;
          let disturbed = false;
          let flying: { slot: HeldSlot; value: bigint; until: number }[] = [];
          for (const each of steps) {
            if (each.do === "pass") now += each.seconds;
            flying = flying.filter(({ until }) => until >= now);
            if (each.do === "restart") agents[each.agent] = agent();
            if (each.do === "execute") disturbed = permit2.execute(BigInt(each.amount)) || disturbed;
            if (each.do === "burn") {
              permit2.burn(BigInt(each.lot), 1n << BigInt(each.bit));
              disturbed = true;
            }
            if (each.do === "settle" && flying.length > 0) {
              const [flight] = flying.splice(each.which % flying.length, 1);
              if (!flight) continue;
              const found = permit2.settle(flight.slot, flight.value);
              if (!disturbed) expect(found, slotKey(flight.slot)).to.deep.equal([]);
            }
            if (each.do !== "take") continue;
            const value = BigInt(each.value);
            try {
              const { slot } = await take(value, now, agents[each.agent]);
              taken++;
              expect(permit2.objections(slot, value), `${slotKey(slot)} for ${value}`).to.deep.equal([]);
              for (const other of flying) expect(collide(slot, other.slot), slotKey(slot)).to.equal(false);
              flying.push({ slot, value, until: now + LIFETIME });
            } catch (error) {
              if (!(error instanceof Refusal)) throw error;
              expect(error.code).to.be.oneOf(["PERIOD", "SLOTS_TAKEN"]);
            }
          }
          expect(permit2.total <= all.perPeriod).to.equal(true);
        },
      ),
      { numRuns: process.env.LATCHKEY_DEEP ? 10_000 : 150 },
    );
    expect(taken).to.be.greaterThan(200);
  });
});
