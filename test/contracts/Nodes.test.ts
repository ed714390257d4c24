import { PERMIT2 } from "@latchkey/devchain";
import { expect } from "chai";
import { concat, type Hex, keccak256, pad, slice, toHex } from "viem";
import { hashOf, type Slot } from "./authorization.ts";
import {
  alice,
  chain,
  DAY,
  enable,
  encode,
  execute,
  MODULE,
  pay,
  refused,
  session,
  T0,
  USD,
  useChain,
} from "./fixture.ts";
import {
  allowPermit2,
  burn,
  isGood,
  nodeNonce,
  permit2Budget,
  permit2Session,
  settle,
  type Terms,
  usedOf,
} from "./permit2Payment.ts";

const usdc = () => chain.usdc.address;
const worth = (depth: number) => USD >> BigInt(depth);
/** A payment of all that the node is worth. */
const atNode = (lot: bigint, depth = 0, index = 0n, more: Terms = {}): Terms => ({
  node: { lot, size: depth, index },
  value: worth(depth),
  ...more,
});
const good = (lot: bigint, depth = 0, index = 0n, more: Terms = {}) =>
  isGood(atNode(lot, depth, index, more));
const use = (lot: bigint, depth = 0, index = 0n, more: Terms = {}) => settle(atNode(lot, depth, index, more));
/** The node's bit of its lot's word. */
const bit = (depth: number, index = 0n) => 1n << ((1n << BigInt(depth)) + index);

// Rules of docs/spec.md: N-9, N-10, N-11, N-12, N-13.
describe("a node", () => {
  useChain();
  beforeEach(async () => {
    await allowPermit2();
    await chain.send(enable(permit2Session()));
  });

  describe("has a nonce", () => {
    const id = keccak256("0x01");
    const ask = (args: [Hex, bigint, bigint, bigint, bigint, bigint]) =>
      chain.call({ to: MODULE, data: encode("nodeNonce", args) });
    it("of 17 bytes for the period, then lot, ten zeros, and 2**depth + index", async () => {
      const hash = keccak256(concat([id, pad("0x01"), pad("0x02")]));
      const fields: Hex = "0x000000030000000000000000000015";
      expect(await ask([id, 1n, 2n, 3n, 4n, 5n])).to.equal(concat([slice(hash, 0, 17), fields]));
      const node: Slot = { lot: 3n, size: 4, index: 5n };
      expect(toHex(nodeNonce(id, 1, 2n, node), { size: 32 })).to.equal(await ask([id, 1n, 2n, 3n, 4n, 5n]));
    });
    it("up to the maximum lot, depth and index: one word for a lot", async () => {
      const last = await ask([id, 0n, 0n, 2n ** 32n - 1n, 7n, 127n]);
      expect(slice(last, 17)).to.equal("0xffffffff00000000000000000000ff");
      const words = new Set<bigint>();
      const bits = new Set<bigint>();
      for (let depth = 0n; depth < 8n; ++depth)
        for (let index = 0n; index < 2n ** depth; ++index) {
          const nonce = BigInt(await ask([id, 0n, 0n, 7n, depth, index]));
          words.add(nonce >> 8n);
          bits.add(nonce & 255n);
        }
      expect([words.size, bits.size]).to.deep.equal([1, 255]);
    });
    it("that each of the six changes", async () => {
      const base: [Hex, bigint, bigint, bigint, bigint, bigint] = [id, 0n, 0n, 0n, 1n, 0n];
      const nonces = new Set([await ask(base)]);
      for (let i = 0; i < 6; ++i)
        nonces.add(await ask(base.with(i, i === 0 ? keccak256("0x02") : i === 4 ? 2n : 1n) as typeof base));
      expect(nonces.size).to.equal(7);
    });
    const most = 2n ** 256n - 1n;
    for (const [title, ...node] of [
      ["lot 2**32", 2n ** 32n, 0n, 0n],
      ["the largest number for a lot", most, 0n, 0n],
      ["depth 8", 0n, 8n, 0n],
      ["the largest number for a depth", 0n, most, 0n],
      ["index 1 at depth 0", 0n, 0n, 1n],
      ["index 2 at depth 1", 0n, 1n, 2n],
      ["index 128 at depth 7", 0n, 7n, 128n],
      ["the largest number for an index", 0n, 7n, most],
    ] as const)
      it(`but not for ${title}`, () => refused(ask([id, 0n, 0n, ...node]), "NoSuchSlot", ...node));
    it("and the transfer must have that one", async () => {
      const mine = nodeNonce(hashOf(permit2Session()), 0, 0n, { lot: 0n, size: 0, index: 0n });
      expect(await isGood({ signed: { nonce: mine } })).to.equal(true);
      for (const nonce of [0n, 1n, mine + 1n, mine ^ (1n << 8n), BigInt(keccak256(toHex(mine)))])
        expect(await isGood({ signed: { nonce } })).to.equal(false);
    });
  });

  describe("is worth perTransaction >> depth", () => {
    for (const depth of [0, 1, 2, 3, 4])
      it(`at depth ${depth}: that much, less, nothing, and not one unit more`, async () => {
        const node = { lot: 0n, size: depth, index: 0n };
        for (const value of [worth(depth), worth(depth) - 1n, 1n, 0n])
          expect(await isGood({ node, value })).to.equal(true);
        expect(await isGood({ node, value: worth(depth) + 1n })).to.equal(false);
        expect(await isGood({ node, value: 2n ** 128n - 1n })).to.equal(false);
      });
    it("rounded down", async () => {
      const of = permit2Session({ budgets: [permit2Budget({ perTransaction: 1_000_003n })] });
      await chain.send(enable(of));
      const node = { lot: 0n, size: 1, index: 0n };
      expect(await isGood({ of, node, value: 500_001n })).to.equal(true);
      expect(await isGood({ of, node, value: 500_002n })).to.equal(false);
    });
  });

  describe("exists", () => {
    it("for depths below the budget's sizes only", async () => {
      expect(await good(0n, 4)).to.equal(true);
      for (const depth of [5, 6, 7, 8, 127, 255])
        expect(await isGood({ node: { lot: 0n, size: depth, index: 0n }, value: 0n }), `${depth}`).to.equal(
          false,
        );
    });
    it("down to depth 7, which has 128", async () => {
      const of = permit2Session({ budgets: [permit2Budget({ sizes: 8 })] });
      await chain.send(enable(of));
      expect(await good(0n, 7, 127n, { of })).to.equal(true);
      await use(0n, 7, 127n, { of });
      expect(await usedOf(of, 0n)).to.equal(1n << 255n);
      expect(await good(0n, 7, 126n, { of })).to.equal(true);
      expect(await good(0n, 0, 0n, { of })).to.equal(false);
    });
    it("for 2**depth indices", async () => {
      for (const depth of [0, 1, 3, 4]) {
        const count = 1n << BigInt(depth);
        expect(await good(0n, depth, count - 1n), `last at depth ${depth}`).to.equal(true);
        for (const index of [count, 2n * count, 255n])
          expect(await good(0n, depth, index), `${index} at depth ${depth}`).to.equal(false);
      }
    });
    it("in lots below perPeriod / perTransaction", async () => {
      expect(await good(19n)).to.equal(true);
      for (const lot of [20n, 21n, 2n ** 32n, 2n ** 128n - 1n])
        expect(await good(lot), `${lot}`).to.equal(false);
    });
    it("in the current period only", async () => {
      expect(await good(0n, 0, 0n, { period: 1n })).to.equal(false);
      await chain.setTime(T0 + DAY);
      const deadline = BigInt(T0 + DAY + 600);
      expect(await good(0n, 0, 0n, { period: 1n, deadline })).to.equal(true);
      expect(await good(0n, 0, 0n, { period: 0n, deadline })).to.equal(false);
    });
  });

  describe("is valid while none above and none below it is used", () => {
    const nodes = [0, 1, 2, 3, 4].flatMap((depth) =>
      Array.from({ length: 1 << depth }, (_, index) => ({
        depth,
        index: BigInt(index),
        node: (1 << depth) + index,
      })),
    );
    const isAbove = (one: number, other: number): boolean =>
      other > one && (other >> 1 === one || isAbove(one, other >> 1));
    for (const [depth, index] of [
      [0, 0n],
      [1, 1n],
      [2, 1n],
      [4, 5n],
    ] as const)
      it(`as seen by all 31 nodes of a lot once ${2 ** depth + Number(index)} is used`, async () => {
        await use(0n, depth, index);
        expect(await usedOf(permit2Session(), 0n)).to.equal(bit(depth, index));
        const used = 2 ** depth + Number(index);
        for (const { node, ...one } of nodes)
          expect(await good(0n, one.depth, one.index), `${node}`).to.equal(
            !isAbove(node, used) && !isAbove(used, node),
          );
        expect(await good(1n), "another lot").to.equal(true);
      });
    it("however it was used: the account's own burns only cost budget", async () => {
      await burn(permit2Session(), 0n, bit(2, 3n));
      expect(await good(0n)).to.equal(false);
      expect(await good(0n, 1, 1n)).to.equal(false);
      expect(await good(0n, 1, 0n)).to.equal(true);
    });
    it("so that all used nodes of a lot are worth perTransaction at most", async () => {
      await use(0n, 1, 0n);
      await use(0n, 2, 2n);
      await use(0n, 3, 6n);
      await use(0n, 4, 14n);
      await use(0n, 4, 15n);
      expect(await chain.usdc.balanceOf(alice)).to.equal(USD);
      for (const { depth, index, node } of nodes)
        if (![2, 6, 14, 30, 31].includes(node))
          expect(await good(0n, depth, index), `${node}`).to.equal(false);
    });
    it("and not where Permit2 does not answer", async () => {
      expect(await good(0n)).to.equal(true);
      await chain.setCode(PERMIT2, "0x");
      expect(await good(0n)).to.equal(false);
      await chain.setCode(PERMIT2, "0x60105ff3"); // 16 bytes
      expect(await good(0n)).to.equal(false);
      await chain.setCode(PERMIT2, "0x5f5f5260205ffd"); // reverts with a word
      expect(await good(0n)).to.equal(false);
      await chain.setCode(PERMIT2, "0x5f5f5260205ff3"); // a word of zeros
      expect(await good(0n)).to.equal(true);
    });
  });

  describe("shares the budget with executions", () => {
    const spend = (amount: bigint) => chain.send(execute(permit2Session(), [pay(alice, amount)]));
    const tries = (amount: bigint, of = permit2Session()) => chain.call(execute(of, [pay(alice, amount)]));

    it("which take lots from the top: a reached lot is no longer valid", async () => {
      expect(await good(19n)).to.equal(true);
      await spend(1n);
      for (const depth of [0, 4]) expect(await good(19n, depth)).to.equal(false);
      expect(await good(18n)).to.equal(true);
    });
    for (const [title, nonces] of [
      ["its root", bit(0)],
      ["a leaf", bit(4, 15n)],
      ["number 0, which is not a node", 1n],
      ["the last number", 1n << 255n],
    ] as const)
      it(`which cannot reach a lot of which any nonce is used: ${title}`, async () => {
        await tries(1n);
        await burn(permit2Session(), 19n, nonces);
        await refused(tries(1n), "LotOpened", usdc(), 19n);
        await refused(tries(USD), "LotOpened", usdc(), 19n);
      });
    it("and a settled payment keeps its lot from them", async () => {
      await use(19n, 3, 7n);
      await refused(tries(1n), "LotOpened", usdc(), 19n);
    });
    it("which do not look at lots that they have reached before, or do not reach", async () => {
      await spend(400_000n);
      await burn(permit2Session(), 19n, bit(0));
      await burn(permit2Session(), 17n, bit(0));
      await spend(600_000n);
      await spend(1_000_000n);
      await refused(tries(1n), "LotOpened", usdc(), 17n);
    });
    it("exactly: 18 lots by signature, and two by execution", async () => {
      for (let lot = 0n; lot < 18n; ++lot) await use(lot);
      await spend(USD);
      await spend(USD);
      expect(await chain.usdc.balanceOf(alice)).to.equal(20n * USD);
      await refused(tries(1n), "LotOpened", usdc(), 17n);
      expect(await good(18n, 4)).to.equal(false);
    });
    it("which are rejected where Permit2 does not answer", async () => {
      await chain.setCode(PERMIT2, "0x");
      await refused(tries(1n), "UnreadableToken", PERMIT2);
      await chain.send(enable(session()));
      await tries(1n, session());
    });
    it("counting per budget and per period", async () => {
      await use(19n);
      await refused(tries(1n), "LotOpened", usdc(), 19n);
      const later = T0 + DAY;
      await chain.send(execute(permit2Session(), [pay(alice, 1n)]), later);
      expect(await usedOf(permit2Session(), 19n, 1n)).to.equal(0n);
    });
  });
});
