import "../../environment/seed.ts";
import { expect } from "chai";
import fc from "fast-check";
import type { Address } from "viem";
import { memoryPaymentStore } from "#sdk/agent/x402/memoryPaymentStore.ts";
import { slotAllocator } from "#sdk/agent/x402/slotAllocator.ts";
import { slotKey } from "#sdk/agent/x402/slotKey.ts";
import { Refusal } from "#sdk/errors/Refusal.ts";
import { slotWorth } from "#sdk/session/slotWorth.ts";
import { fakeToken, type Limits, sessionId } from "./fakeToken.ts";

const alice: Address = "0xa11ce00000000000000000000000000000000000";
const bob: Address = "0xb0b0000000000000000000000000000000000000";
const LIFETIME = 360;
const DOLLAR = 1_000_000n;

/** One dollar a transaction, twenty a day, in a token of six decimals. */
const dollar: Limits = { perTransaction: 1_000_000n, perPeriod: 20_000_000n, sizes: 5 };

function setUp(limits: Limits = dollar, maxOpenersInFlight = 1000, store = memoryPaymentStore()) {
  const token = fakeToken(limits);
  const budget = {
    token: alice,
    period: 86_400,
    initial: 0n,
    perSecond: 0n,
    signatures: 1,
    recipients: [alice, bob],
    ...limits,
  };
  const agent = () =>
    slotAllocator({
      account: "eip155:1:0x5afe",
      sessionId,
      budget,
      budgetIndex: 0,
      store,
      nonceStates: token.authorizationStates,
      maxOpenersInFlight,
    });
  const first = agent();
  const take = (value: bigint, now = 0, payee = alice, from = first, period = 0n) =>
    from.take({
      value,
      payee,
      period,
      spent: token.spent,
      resetsAt: 86_400,
      now,
      heldUntil: () => now + LIFETIME,
    });
  const pay = async (value: bigint, now = 0, payee = alice) => {
    const { slot } = await take(value, now, payee);
    expect(token.settle(slot, value), slotKey(slot)).to.equal(undefined);
    return slotKey(slot);
  };
  return { token, store, agent, take, pay, allocator: first };
}

const refusalOf = async (work: Promise<unknown>): Promise<Refusal> => {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).to.be.instanceOf(Refusal);
  return error as Refusal;
};

describe("the slot allocator", () => {
  it("opens lot 0 with the smallest slot that is worth the price", async () => {
    for (const [value, size] of [
      [1_000_000n, 0],
      [250_001n, 0],
      [250_000n, 1],
      [62_500n, 2],
      [15_625n, 3],
      [3_906n, 4],
      [3_907n, 3],
      [1n, 4],
      [0n, 4],
    ] as const) {
      expect(await setUp().pay(value), `${value}`).to.equal(`0/${size}/0`);
    }
  });

  it("does as the worked example: two of $0.20 share lot 0, $0.003 opens lot 1, which 256 of them fill", async () => {
    const { pay } = setUp();
    expect(await pay(200_000n)).to.equal("0/1/0");
    expect(await pay(200_000n)).to.equal("0/1/1");
    for (let index = 0; index < 256; index++) expect(await pay(3_000n)).to.equal(`1/4/${index}`);
    expect(await pay(3_000n)).to.equal("2/4/0");
    expect(await pay(200_000n)).to.equal("0/1/2");
  });

  it("leaves a lot alone while its opener is in flight, and follows once it has settled", async () => {
    const { take, token } = setUp();
    const opener = await take(200_000n);
    expect(slotKey((await take(200_000n)).slot)).to.equal("1/1/0");
    expect(token.settle(opener.slot, 200_000n)).to.equal(undefined);
    expect(slotKey((await take(200_000n)).slot)).to.equal("0/1/1");
  });

  it("opens an unsettled lot again only after its authorization has lapsed", async () => {
    const { take } = setUp();
    await take(1_000_000n, 0);
    expect(slotKey((await take(1_000_000n, LIFETIME)).slot)).to.equal("1/0/0");
    expect(slotKey((await take(200_000n, LIFETIME + 1)).slot)).to.equal("0/1/0");
  });

  it("gives a slot back at once that was never sent", async () => {
    const { take, allocator } = setUp();
    const { slot } = await take(1_000_000n);
    await allocator.release(slot);
    expect(slotKey((await take(5n)).slot)).to.equal("0/4/0");
  });

  it("never uses a lot that executions have reached, and says what is left", async () => {
    const { take, pay, token } = setUp({ ...dollar, perPeriod: 2_500_000n });
    expect(token.execute(600_000n)).to.equal(true);
    expect(await pay(1_000_000n)).to.equal("0/0/0");
    const refusal = await refusalOf(take(1_000_000n));
    expect(refusal.code).to.equal("PERIOD");
    expect(refusal.details).to.include({ remaining: 0n, resetsAt: 86_400, amount: 1_000_000n });
  });

  it("says the largest payment that still fits when a larger one does not", async () => {
    const { take, pay } = setUp({ ...dollar, perPeriod: 1_000_000n });
    expect(await pay(200_000n)).to.equal("0/1/0");
    const refusal = await refusalOf(take(250_001n));
    expect(refusal.code).to.equal("PERIOD");
    expect(refusal.details.remaining).to.equal(250_000n);
    expect(await pay(250_000n)).to.equal("0/1/1");
  });

  it("takes a larger slot of an opened lot when no lot is left to open", async () => {
    const { pay } = setUp({ ...dollar, perPeriod: 1_000_000n });
    expect(await pay(200_000n)).to.equal("0/1/0");
    expect(await pay(3_000n)).to.equal("0/1/1");
  });

  it("says SLOTS_TAKEN, not PERIOD, where payments in flight are all that is in the way", async () => {
    const { take, token } = setUp({ ...dollar, perPeriod: 1_000_000n });
    const { slot } = await take(200_000n, 0);
    const refusal = await refusalOf(take(200_000n, 0));
    expect(refusal.code).to.equal("SLOTS_TAKEN");
    expect(refusal.details).to.include({ inFlight: 1, until: LIFETIME });
    token.settle(slot, 200_000n);
    expect(slotKey((await take(200_000n, 0)).slot)).to.equal("0/1/1");
  });

  it("caps the openers in flight to one payee, not those to others", async () => {
    const { take, token } = setUp(dollar, 2);
    const { slot } = await take(50_000n, 0, alice);
    await take(200_000n, 0, alice);
    expect((await refusalOf(take(200_000n, 0, alice))).code).to.equal("SLOTS_TAKEN");
    expect(slotKey((await take(200_000n, 0, bob)).slot)).to.equal("2/1/0");
    token.settle(slot, 50_000n);
    expect(slotKey((await take(200_000n, 0, alice)).slot)).to.equal("3/1/0");
  });

  it("does not count payments of whole lots, which keep nothing from others", async () => {
    const { take } = setUp(dollar, 1);
    for (let lot = 0; lot < 6; lot++)
      expect(slotKey((await take(1_000_000n, 0, alice)).slot)).to.equal(`${lot}/0/0`);
    expect(slotKey((await take(200_000n, 0, alice)).slot)).to.equal("6/1/0");
    expect((await refusalOf(take(200_000n, 0, alice))).code).to.equal("SLOTS_TAKEN");
    expect(slotKey((await take(1_000_000n, 0, alice)).slot)).to.equal("7/0/0");
  });

  it("holds a slot from when it was found, however long that took", async () => {
    const { allocator, token } = setUp();
    let now = 0;
    for (let lot = 0n; lot < 3n; lot++) token.burn({ lot, size: 0, index: 0n });
    const { slot } = await allocator.take({
      value: 200_000n,
      payee: alice,
      period: 0n,
      spent: 0n,
      resetsAt: 86_400,
      now,
      heldUntil: () => (now += 100),
    });
    expect(slot.heldUntil).to.equal(100);
  });

  it("passes over lots that a burnt nonce has killed, also one burnt since it last looked", async () => {
    const { pay, token } = setUp();
    token.burn({ lot: 0n, size: 2, index: 0n });
    token.burn({ lot: 0n, size: 3, index: 0n });
    expect(await pay(200_000n)).to.equal("1/1/0");
    expect(await pay(200_000n)).to.equal("1/1/1");
    token.burn({ lot: 1n, size: 4, index: 0n });
    expect(await pay(200_000n)).to.equal("2/1/0");
  });

  it("finds its place again after a restart with no more than a few hundred reads", async () => {
    const { token, take, agent } = setUp({ ...dollar, perPeriod: 200_000_000n });
    for (let lot = 0n; lot < 100n; lot++) token.burn({ lot, size: 0, index: 0n });
    const before = token.reads;
    expect(slotKey((await take(1_000_000n, 0, alice, agent())).slot)).to.equal("100/0/0");
    expect(token.reads - before).to.be.lessThan(1200);
    const second = token.reads;
    await take(1_000_000n);
    expect(token.reads - second).to.be.lessThan(1200);
  });

  it("finds the first free lot of 50,000 in five questions, whatever was used before", async () => {
    for (const count of [0, 1, 15, 16, 17, 100, 1023, 1024, 1025, 10_000, 49_999, 50_000]) {
      const { token, take, agent } = setUp({ ...dollar, perPeriod: 50_001n * DOLLAR });
      for (let lot = 0; lot < count; lot++) token.burn({ lot: BigInt(lot), size: 0, index: 0n });
      const { questions } = token;
      expect(slotKey((await take(DOLLAR, 0, alice, agent())).slot)).to.equal(`${count}/0/0`);
      expect(token.questions - questions, `${count}`).to.be.at.most(5);
    }
  });

  it("follows after a restart in the lots below the first free one", async () => {
    const { token, take, agent } = setUp({ ...dollar, perPeriod: 10_000n * DOLLAR });
    for (let lot = 0; lot < 5_000; lot++) token.burn({ lot: BigInt(lot), size: 0, index: 0n });
    for (let index = 0n; index < 9n; index++) token.burn({ lot: 5_000n, size: 2, index });
    const { questions } = token;
    expect(slotKey((await take(62_500n, 0, alice, agent())).slot)).to.equal("5000/2/9");
    expect(token.questions - questions).to.be.at.most(6);
  });

  it("searches where it began after a restart with a payment in flight", async () => {
    const { token, take, agent } = setUp({ ...dollar, perPeriod: 10_000n * DOLLAR });
    for (let lot = 0; lot < 5_000; lot++) token.burn({ lot: BigInt(lot), size: 0, index: 0n });
    const { slot } = await take(250_000n);
    expect(token.settle(slot, 250_000n)).to.equal(undefined);
    const restarted = agent();
    for (const index of [1, 2, 3])
      expect(slotKey((await take(250_000n, 0, alice, restarted)).slot)).to.equal(`5000/1/${index}`);
    const { questions } = token;
    expect(slotKey((await take(250_000n, 0, alice, restarted)).slot)).to.equal("5001/1/0");
    expect(token.questions - questions).to.be.at.most(6);
  });

  it("uses the lots that a search has passed over, before it says that none is left", async () => {
    const { token, take, agent } = setUp({ ...dollar, perPeriod: 1_000n * DOLLAR });
    const holes = [3n, 20n, 21n, 300n, 301n, 640n, 999n];
    for (let lot = 0n; lot < 1_000n; lot++) if (!holes.includes(lot)) token.burn({ lot, size: 0, index: 0n });
    token.burn({ lot: 640n, size: 2, index: 0n });
    const one = agent();
    const found: string[] = [];
    for (;;) {
      const taken = await take(DOLLAR, 0, alice, one).catch((error: Refusal) => error.code);
      if (typeof taken === "string") {
        expect(taken).to.equal("PERIOD");
        break;
      }
      expect(token.settle(taken.slot, DOLLAR)).to.equal(undefined);
      found.push(`${taken.slot.lot}`);
      if (found.length > holes.length) break;
    }
    expect(found.sort()).to.deep.equal(["20", "21", "3", "300", "301", "999"].sort());
    // A follower in a lot that was passed over, too.
    expect(slotKey((await take(62_500n, 0, alice, agent())).slot)).to.equal("640/2/1");
  });

  it("asks about nothing more once it was told all that it expected", async () => {
    const { token, allocator, pay } = setUp({ ...dollar, perPeriod: 1_000n * DOLLAR });
    for (let turn = 0; turn < 40; turn++) {
      const value = turn % 3 === 0 ? 900_000n : 50_000n;
      const { slots, nonces } = allocator.expect({ value, payee: alice, period: 0n, payments: 1 });
      const states = await token.authorizationStates(nonces);
      const { questions } = token;
      const { slot } = await allocator.take({
        value,
        payee: alice,
        period: 0n,
        spent: 0n,
        resetsAt: 86_400,
        now: 0,
        read: { period: 0n, slots, states },
        heldUntil: () => LIFETIME,
      });
      expect(token.questions, `${turn}`).to.equal(questions);
      expect(token.settle(slot, value)).to.equal(undefined);
    }
    expect(await pay(50_000n)).to.be.a("string");
  });

  it("asks about a dozen nonces where a lot is open already", async () => {
    const { token, pay } = setUp();
    await pay(200_000n);
    for (let turn = 1; turn < 4; turn++) {
      const before = token.reads;
      expect(await pay(200_000n)).to.equal(`0/1/${turn}`);
      expect(token.reads - before).to.be.lessThan(13);
    }
  });

  it("keeps the periods apart", async () => {
    const { take } = setUp();
    expect(slotKey((await take(1_000_000n, 0, alice, undefined, 0n)).slot)).to.equal("0/0/0");
    expect(slotKey((await take(1_000_000n, 0, alice, undefined, 1n)).slot)).to.equal("0/0/0");
  });

  it("gives two agents that share a store different slots, of which both settle", async () => {
    const { agent, take, token } = setUp();
    const agents = [agent(), agent(), agent()];
    const taken = await Promise.all(
      Array.from({ length: 18 }, (_, turn) =>
        take(turn % 2 ? 900_000n : 200_000n, 0, alice, agents[turn % 3]),
      ),
    );
    expect(new Set(taken.map(({ nonce }) => nonce)).size).to.equal(18);
    for (const [turn, { slot }] of taken.entries()) {
      expect(token.settle(slot, turn % 2 ? 900_000n : 200_000n)).to.equal(undefined);
    }
  });

  it("holds where many lots were used and the process restarts: no slot twice, none refused, none left", async function () {
    this.timeout(process.env.LATCHKEY_DEEP ? 0 : 120_000);
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 17, max: 400 }),
        fc.array(fc.nat(399), { maxLength: 12 }),
        fc.nat(400),
        fc.array(fc.record({ value: fc.integer({ min: 0, max: 40 }), restart: fc.boolean() }), {
          minLength: 10,
          maxLength: 40,
        }),
        async (lots, holes, end, steps) => {
          const { token, take, agent } = setUp({
            perTransaction: 40n,
            perPeriod: 40n * BigInt(lots),
            sizes: 2,
          });
          for (let lot = 0; lot < Math.min(end, lots); lot++)
            if (!holes.includes(lot))
              token.burn({ lot: BigInt(lot), size: lot % 5 === 0 ? 1 : 0, index: 0n });
          let one = agent();
          for (const { value, restart } of steps) {
            if (restart) one = agent();
            const amount = BigInt(value);
            const fit = amount <= 10n ? 1 : 0;
            const taken = await take(amount, 0, alice, one).catch((error: Refusal) => error.code);
            if (typeof taken !== "string") {
              expect(token.settle(taken.slot, amount), slotKey(taken.slot)).to.equal(undefined);
              continue;
            }
            refused++;
            expect(taken).to.equal("PERIOD");
            for (let lot = 0n; lot < BigInt(lots); lot++)
              for (let size = 0; size <= fit; size++)
                for (let index = 0n; index < 4n ** BigInt(size); index++)
                  expect(token.objection({ lot, size, index }, amount)).not.to.equal(undefined);
          }
        },
      ),
      { numRuns: process.env.LATCHKEY_DEEP ? 2_000 : 150 },
    );
    expect(refused).to.be.greaterThan(10);
  });

  it("lets many wait for a few openers with one question at a time, and wakes them when one has settled", async () => {
    const { allocator, take, token } = setUp(dollar, 1);
    const { slot } = await take(200_000n);
    const refusals = await Promise.all(Array.from({ length: 20 }, () => refusalOf(take(200_000n))));
    const { questions } = token;
    let woken = 0;
    const waits = refusals.map((refusal) =>
      allocator.freed(refusal, { milliseconds: 10_000, pollingInterval: 50 }).then(() => woken++),
    );
    await new Promise((done) => setTimeout(done, 220));
    expect(woken).to.equal(0);
    expect(token.questions - questions).to.be.within(1, 5);
    token.settle(slot, 200_000n);
    await Promise.all(waits);
    expect(woken).to.equal(20);
  });

  it("wakes who waits for a slot that is given back, or that lapses, or for long enough", async () => {
    const { allocator, take } = setUp(dollar, 1);
    const { slot } = await take(200_000n);
    const refusal = await refusalOf(take(200_000n));
    const ample = { milliseconds: 60_000, pollingInterval: 50_000 };
    const waiting = allocator.freed(refusal, ample);
    await allocator.release(slot);
    await waiting;
    await allocator.freed(refusal, { milliseconds: 30, pollingInterval: 50_000 });
  });

  it("holds under any interleaving: no slot twice, none that the rule refuses, opened lots first", async function () {
    this.timeout(process.env.LATCHKEY_DEEP ? 0 : 120_000);
    const step = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({
          do: fc.constant("take" as const),
          value: fc.nat(40),
          payee: fc.nat(1),
          agent: fc.nat(1),
        }),
      },
      { weight: 5, arbitrary: fc.record({ do: fc.constant("settle" as const), which: fc.nat(100) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("execute" as const), amount: fc.nat(40) }) },
      {
        weight: 1,
        arbitrary: fc.record({
          do: fc.constant("burn" as const),
          lot: fc.nat(4),
          size: fc.nat(2),
          index: fc.nat(3),
        }),
      },
      { weight: 2, arbitrary: fc.record({ do: fc.constant("pass" as const), seconds: fc.nat(400) }) },
    );
    const limits = fc.record({
      x: fc.integer({ min: 16, max: 40 }),
      y: fc.integer({ min: 0, max: 160 }),
      sizes: fc.integer({ min: 1, max: 3 }),
      cap: fc.integer({ min: 1, max: 4 }),
    });
    let openings = 0;
    let followers = 0;
    await fc.assert(
      fc.asyncProperty(
        limits,
        fc.array(step, { minLength: 40, maxLength: 80, size: "max" }),
        async ({ x, y, sizes, cap }, steps) => {
          const perTransaction = BigInt(x);
          const all: Limits = { perTransaction, perPeriod: perTransaction + BigInt(y), sizes };
          const { token, take, agent } = setUp(all, cap);
          const agents = [agent(), agent()];
          let now = 0;
          let disturbed = false;
          let flying: { slot: Awaited<ReturnType<typeof take>>["slot"]; value: bigint; until: number }[] = [];
          for (const each of steps) {
            if (each.do === "pass") now += each.seconds;
            // An authorization settles until its validBefore, a minute before its slot is free again.
            flying = flying.filter(({ until }) => until >= now);
            if (each.do === "execute") disturbed = token.execute(BigInt(each.amount)) || disturbed;
            if (each.do === "burn") {
              const index = BigInt(each.index % 4 ** each.size);
              token.burn({ lot: BigInt(each.lot), size: each.size, index });
              disturbed = true;
            }
            if (each.do === "settle" && flying.length > 0) {
              const [flight] = flying.splice(each.which % flying.length, 1);
              if (!flight) continue;
              const objection = token.settle(flight.slot, flight.value);
              // Executions and burns may overtake what is signed; the allocator's own doing never fails.
              if (!disturbed) expect(objection, slotKey(flight.slot)).to.equal(undefined);
            }
            if (each.do !== "take") continue;
            const value = BigInt(each.value);
            const openedBefore = new Map<bigint, number[]>();
            for (let lot = 0n; lot < all.perPeriod / perTransaction; lot++)
              openedBefore.set(lot, token.openedSizes(lot));
            let slot: (typeof flying)[number]["slot"];
            try {
              ({ slot } = await take(value, now, each.payee ? alice : bob, agents[each.agent]));
            } catch (error) {
              if (!(error instanceof Refusal)) throw error;
              expect(error.code).to.be.oneOf(["PERIOD", "SLOTS_TAKEN"]);
              continue;
            }
            expect(token.objection(slot, value), `${slotKey(slot)} for ${value}`).to.equal(undefined);
            expect(flying.map((flight) => slotKey(flight.slot))).not.to.include(slotKey(slot));
            let fit = sizes - 1;
            while (slotWorth(perTransaction, fit) < value) fit--;
            if (slot.index === 0n) {
              openings++;
              expect(flying.filter((flight) => flight.slot.lot === slot.lot)).to.deep.equal([]);
              expect(slot.size).to.equal(fit);
              // No opened lot of that size had a free follower.
              for (const [lot, sizes] of openedBefore) {
                if (sizes.length !== 1 || sizes[0] !== fit) continue;
                for (let index = 1n; index < 4n ** BigInt(fit); index++) {
                  const other = { lot, size: fit, index };
                  const held = flying.some((flight) => slotKey(flight.slot) === slotKey(other));
                  expect(token.objection(other, value) === undefined && !held, slotKey(other)).to.equal(
                    false,
                  );
                }
              }
            } else followers++;
            flying.push({ slot, value, until: now + LIFETIME });
          }
          expect(token.total <= all.perPeriod, `${token.total} of ${all.perPeriod}`).to.equal(true);
        },
      ),
      { numRuns: process.env.LATCHKEY_DEEP ? 10_000 : 250 },
    );
    // The property is worth something only if it met both kinds.
    expect(openings).to.be.greaterThan(100);
    expect(followers).to.be.greaterThan(100);
  });
});
