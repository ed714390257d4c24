import { expect } from "chai";
import { zeroAddress } from "viem";
import {
  ANYONE,
  alice,
  bob,
  budget,
  budgetOf,
  chain,
  DAY,
  enable,
  eventsOf,
  execute,
  idOf,
  MAX_UINT128,
  MAX_UINT256,
  nativeBudget,
  ODD_TOKEN,
  oddToken,
  pay,
  payNative,
  refused,
  type Session,
  session,
  spentOf,
  T0,
  USD,
  useChain,
} from "./fixture.ts";

const noSlots = (changes: Partial<Session> = {}) =>
  session({ budgets: [budget({ signatures: 0, sizes: 0 })], ...changes });

// Rules of docs/spec.md: B-1, B-2, B-3, B-4, B-7, B-8.
describe("a budget", () => {
  useChain();

  describe("per transaction", () => {
    it("allows its last base unit and not one more", async () => {
      await chain.send(enable(noSlots()));
      const over = execute(noSlots(), [pay(alice, USD + 1n)]);
      await refused(chain.call(over), "PerTransactionExceeded", chain.usdc.address, USD + 1n, USD);
      await chain.send(execute(noSlots(), [pay(alice, USD)]));
      expect(await chain.usdc.balanceOf(alice)).to.equal(USD);
    });
    it("is for the sum of a batch, not for each call", async () => {
      await chain.send(enable(noSlots()));
      const halves = [pay(alice, USD / 2n), pay(bob, USD / 2n)];
      await chain.send(execute(noSlots(), halves));
      const over = execute(noSlots(), [...halves, pay(alice, 1n)]);
      await refused(chain.call(over), "PerTransactionExceeded", chain.usdc.address, USD + 1n, USD);
    });
    it("treats a sum that overflows as the maximum", async () => {
      await chain.send(enable(noSlots()));
      for (const amounts of [
        [MAX_UINT256, 1n],
        [MAX_UINT256, MAX_UINT256],
        [2n ** 255n, 2n ** 255n],
        [1n, MAX_UINT256, USD],
      ]) {
        const over = execute(
          noSlots(),
          amounts.map((amount) => pay(alice, amount)),
        );
        await refused(chain.call(over), "PerTransactionExceeded", chain.usdc.address, MAX_UINT256, USD);
      }
    });
    it("is not summed over budgets", async () => {
      const two = session({
        budgets: [
          budget({ signatures: 0, sizes: 0 }),
          budget({ token: ODD_TOKEN, signatures: 0, sizes: 0 }),
          nativeBudget(),
        ],
      });
      await chain.send(enable(two));
      await oddToken.mint(chain.safes["1.4.1"], USD);
      const receipt = await chain.send(
        execute(two, [pay(alice, USD), pay(alice, USD, ODD_TOKEN), payNative(alice, 10n ** 18n)]),
      );
      const spent = eventsOf(receipt).map(({ name, args }) => [name, args.token, args.period, args.amount]);
      expect(spent).to.deep.equal([
        ["Spent", chain.usdc.address, 0n, USD],
        ["Spent", ODD_TOKEN, 0n, USD],
        ["Spent", zeroAddress, 0n, 10n ** 18n],
      ]);
      expect(await spentOf(two, 0)).to.equal(USD);
      expect(await spentOf(two, 1)).to.equal(USD);
      expect(await spentOf(two, 2)).to.equal(10n ** 18n);
    });
  });

  describe("per period", () => {
    const small = () =>
      session({ budgets: [budget({ perPeriod: (5n * USD) / 2n, signatures: 0, sizes: 0 })] });
    it("allows its last base unit and not one more, and reports what is left and until when", async () => {
      await chain.send(enable(small()));
      for (let i = 0; i < 2; ++i) await chain.send(execute(small(), [pay(alice, USD)]));
      const over = execute(small(), [pay(alice, USD / 2n + 1n)]);
      await refused(
        chain.call(over),
        "PeriodExceeded",
        chain.usdc.address,
        USD / 2n + 1n,
        USD / 2n,
        T0 + DAY,
      );
      await chain.send(execute(small(), [pay(alice, USD / 2n)]));
      await refused(
        chain.call(execute(small(), [pay(alice, 1n)])),
        "PeriodExceeded",
        chain.usdc.address,
        1,
        0,
        T0 + DAY,
      );
      await chain.send(execute(small(), [pay(alice, 0n)]));
    });
    it("may equal perTransaction: then one payment can take it all", async () => {
      const one = session({ budgets: [budget({ perPeriod: USD, signatures: 0, sizes: 0 })] });
      await chain.send(enable(one));
      await chain.send(execute(one, [pay(alice, USD)]));
      await refused(
        chain.call(execute(one, [pay(alice, 1n)])),
        "PeriodExceeded",
        chain.usdc.address,
        1,
        0,
        T0 + DAY,
      );
    });
    it("resets in its first second, and not in the last of the previous period", async () => {
      const one = session({ budgets: [budget({ perPeriod: USD, signatures: 0, sizes: 0 })] });
      await chain.send(enable(one));
      await chain.send(execute(one, [pay(alice, USD)]), T0 + DAY - 2);
      const last = T0 + DAY - 1;
      await chain.setTime(last);
      await refused(
        chain.call(execute(one, [pay(alice, 1n)])),
        "PeriodExceeded",
        chain.usdc.address,
        1,
        0,
        T0 + DAY,
      );
      const receipt = await chain.send(execute(one, [pay(alice, USD)]), T0 + DAY);
      expect(eventsOf(receipt)[0]?.args).to.deep.include({
        period: 1n,
        amount: USD,
        account: one.account,
        id: await idOf(one),
      });
      expect((await budgetOf(one)).resetsAt).to.equal(BigInt(T0 + 2 * DAY));
    });
    it("does not carry over what an earlier period left", async () => {
      const one = session({ budgets: [budget({ perPeriod: USD, signatures: 0, sizes: 0 })] });
      await chain.send(enable(one));
      await chain.send(execute(one, [pay(alice, 1n)]), T0 + 3 * DAY + 5);
      expect(await budgetOf(one)).to.deep.include({ period: 3n, spent: 1n, released: USD });
      await refused(
        chain.call(execute(one, [pay(alice, USD)])),
        "PeriodExceeded",
        chain.usdc.address,
        USD,
        USD - 1n,
        T0 + 4 * DAY,
      );
    });
    it("ends no later than the session", async () => {
      const one = session({
        validUntil: T0 + DAY / 2,
        budgets: [budget({ perPeriod: USD, signatures: 0, sizes: 0 })],
      });
      await chain.send(enable(one));
      await chain.send(execute(one, [pay(alice, USD)]));
      const over = execute(one, [pay(alice, 1n)]);
      await refused(chain.call(over), "PeriodExceeded", chain.usdc.address, 1, 0, T0 + DAY / 2);
      expect((await budgetOf(one)).resetsAt).to.equal(BigInt(T0 + DAY / 2));
    });
    it("can be one second, or longer than the session", async () => {
      const second = session({
        salt: 2n,
        budgets: [budget({ perPeriod: USD, period: 1, signatures: 0, sizes: 0 })],
      });
      await chain.send(enable(second));
      for (let i = 0; i < 3; ++i) await chain.send(execute(second, [pay(alice, USD)]));
      expect(await chain.usdc.balanceOf(alice)).to.equal(3n * USD);
      const lifetime = session({
        budgets: [budget({ perPeriod: USD, period: 2 ** 32 - 1, signatures: 0, sizes: 0 })],
      });
      await chain.send(enable(lifetime));
      await chain.send(execute(lifetime, [pay(alice, USD)]));
      await chain.setTime(T0 + 7 * DAY - 1);
      const over = execute(lifetime, [pay(alice, 1n)]);
      await refused(chain.call(over), "PeriodExceeded", chain.usdc.address, 1, 0, T0 + 7 * DAY);
    });
    it("counts from validAfter, not from when it is first used", async () => {
      const early = session({
        validAfter: T0 - 100,
        budgets: [budget({ perPeriod: USD, signatures: 0, sizes: 0 })],
      });
      await chain.send(enable(early));
      await chain.send(execute(early, [pay(alice, USD)]), T0 + DAY - 101);
      await chain.send(execute(early, [pay(alice, USD)]), T0 + DAY - 100);
    });
    it("belongs to one session: two sessions add up, and accounts are separate", async () => {
      const mine = session({ budgets: [budget({ perPeriod: USD, signatures: 0, sizes: 0 })] });
      const other = session({ salt: 2n, budgets: [budget({ perPeriod: USD, signatures: 0, sizes: 0 })] });
      const elsewhere = session({
        account: chain.safes["1.5.0"],
        budgets: [budget({ perPeriod: USD, signatures: 0, sizes: 0 })],
      });
      for (const one of [mine, other, elsewhere]) {
        await chain.send(enable(one));
        await chain.send(execute(one, [pay(alice, USD)]));
      }
      expect(await chain.usdc.balanceOf(alice)).to.equal(3n * USD);
    });
    it("keeps each of eight budgets apart", async () => {
      const tokens = [
        chain.usdc.address,
        ODD_TOKEN,
        ...Array.from({ length: 5 }, (_, i) => `0x${"0".repeat(39)}${i + 1}`),
      ];
      const eight = session({
        budgets: [
          ...tokens.map((token) =>
            budget({ token: token as `0x${string}`, signatures: 0, sizes: 0, perPeriod: USD }),
          ),
          nativeBudget(),
        ],
      });
      await chain.send(enable(eight));
      await oddToken.mint(eight.account, USD);
      await chain.send(execute(eight, [pay(alice, 7n, ODD_TOKEN), payNative(alice, 9n)]));
      const spent = [];
      for (let i = 0; i < 8; ++i) spent.push(await spentOf(eight, i));
      expect(spent).to.deep.equal([0n, 7n, 0n, 0n, 0n, 0n, 0n, 9n]);
    });
  });

  it("holds amounts up to 2**128 - 1", async () => {
    const huge = session({
      budgets: [
        budget({
          token: ODD_TOKEN,
          perTransaction: MAX_UINT128,
          perPeriod: MAX_UINT128,
          signatures: 0,
          sizes: 0,
          recipients: [ANYONE],
        }),
      ],
    });
    await chain.send(enable(huge));
    await oddToken.mint(huge.account, MAX_UINT256);
    await refused(
      chain.call(execute(huge, [pay(alice, MAX_UINT128 + 1n, ODD_TOKEN)])),
      "PerTransactionExceeded",
      ODD_TOKEN,
      MAX_UINT128 + 1n,
      MAX_UINT128,
    );
    await chain.send(execute(huge, [pay(alice, 1n, ODD_TOKEN)]));
    await refused(
      chain.call(execute(huge, [pay(alice, MAX_UINT128, ODD_TOKEN)])),
      "PeriodExceeded",
      ODD_TOKEN,
      MAX_UINT128,
      MAX_UINT128 - 1n,
      T0 + DAY,
    );
    await chain.send(execute(huge, [pay(alice, MAX_UINT128 - 1n, ODD_TOKEN)]));
    expect(await spentOf(huge)).to.equal(MAX_UINT128);
    expect(await budgetOf(huge), "the state beside it is whole").to.deep.include({
      period: 0n,
      spent: MAX_UINT128,
    });
    await refused(
      chain.call(execute(huge, [pay(alice, 1n, ODD_TOKEN)])),
      "PeriodExceeded",
      ODD_TOKEN,
      1,
      0,
      T0 + DAY,
    );
  });

  describe("that is a stream", () => {
    const stream = (changes = {}) =>
      session({
        budgets: [
          budget({
            signatures: 0,
            sizes: 0,
            initial: 1_000n,
            perSecond: 10n,
            perTransaction: USD,
            perPeriod: 2n * USD,
            ...changes,
          }),
        ],
      });
    it("releases the initial amount at once and then by the second, up to perPeriod", async () => {
      const of = stream();
      await chain.send(enable(of));
      expect(await budgetOf(of)).to.deep.include({ released: 1_010n });
      await chain.setTime(T0 + 100);
      expect(await budgetOf(of)).to.deep.include({ released: 2_000n });
      await refused(
        chain.call(execute(of, [pay(alice, 2_001n)])),
        "PeriodExceeded",
        chain.usdc.address,
        2_001,
        2_000,
        T0 + DAY,
      );
      await chain.send(execute(of, [pay(alice, 2_010n)]), T0 + 101);
      await refused(
        chain.call(execute(of, [pay(alice, 1n)])),
        "PeriodExceeded",
        chain.usdc.address,
        1,
        0,
        T0 + DAY,
      );
      await chain.send(execute(of, [pay(alice, 10n)]), T0 + 102);
    });
    it("begins with exactly the initial amount, in the period's first second", async () => {
      const of = stream();
      await chain.send(enable(of));
      await chain.setTime(T0 + DAY);
      expect(await budgetOf(of)).to.deep.include({ period: 1n, released: 1_000n, spent: 0n });
    });
    it("never releases more than perPeriod", async () => {
      const of = stream({ perPeriod: USD, perSecond: 100n });
      await chain.send(enable(of));
      await chain.setTime(T0 + DAY - 1);
      expect(await budgetOf(of)).to.deep.include({ released: USD });
    });
    it("still enforces perTransaction", async () => {
      const of = stream({ perTransaction: 500n });
      await chain.send(enable(of));
      await chain.setTime(T0 + DAY - 1);
      await refused(
        chain.call(execute(of, [pay(alice, 501n)])),
        "PerTransactionExceeded",
        chain.usdc.address,
        501,
        500,
      );
    });
    it("resets each period, and loses what was not used", async () => {
      const of = stream();
      await chain.send(enable(of));
      await chain.send(execute(of, [pay(alice, 1_000n)]), T0 + DAY);
      await refused(
        chain.call(execute(of, [pay(alice, 1n)])),
        "PeriodExceeded",
        chain.usdc.address,
        1,
        0,
        T0 + 2 * DAY,
      );
    });
    it("can have maximum values", async () => {
      const of = stream({
        initial: MAX_UINT128,
        perSecond: MAX_UINT128,
        perPeriod: MAX_UINT128,
        period: 2 ** 32 - 1,
      });
      await chain.send(enable(of));
      await chain.setTime(T0 + 7 * DAY - 1);
      expect(await budgetOf(of)).to.deep.include({ released: MAX_UINT128 });
      await chain.call(execute(of, [pay(alice, USD)]));
    });
    it("needs no initial amount", async () => {
      const of = stream({ initial: 0n });
      await chain.send(enable(of), T0 + 5);
      expect(await budgetOf(of)).to.deep.include({ released: 50n });
    });
  });
});
