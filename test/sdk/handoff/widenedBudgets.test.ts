import { type Budget, isRefusal } from "@latchkey/sdk";
import { expect } from "chai";
import { maxUint128 } from "viem";
import type { RefusedPayment } from "#sdk/handoff/refusedPayment.ts";
import { widenedBudgets } from "#sdk/handoff/widenedBudgets.ts";
import { addressOf, otherShop, shop, usdc, weth } from "./requests.ts";

const dollars: Budget = {
  token: usdc,
  perTransaction: 1_000_000n,
  perPeriod: 20_000_000n,
  period: 86_400,
  initial: 0n,
  perSecond: 0n,
  signatures: 1,
  sizes: 5,
  recipients: [shop],
};
const other: Budget = { ...dollars, token: weth };

/** The first of two budgets, widened; the second stays. */
function widen(refused: Partial<RefusedPayment>, budget: Partial<Budget> = {}): Budget {
  const payment: RefusedPayment = {
    code: "PER_TRANSACTION",
    token: usdc,
    amount: undefined,
    recipient: shop,
    method: undefined,
    ...refused,
  };
  const [widened, untouched] = widenedBudgets([{ ...dollars, ...budget }, other], payment);
  expect(untouched).to.deep.equal(other);
  return widened as Budget;
}

describe("the budgets of a wider session", () => {
  it("double the limit per payment, or raise it to what was asked for", () => {
    expect(widen({ amount: 1_500_000n })).to.deep.equal({ ...dollars, perTransaction: 2_000_000n, sizes: 6 });
    expect(widen({ amount: 3_000_000n })).to.deep.equal({ ...dollars, perTransaction: 3_000_000n, sizes: 6 });
  });

  it("do not raise the limit of a period for a payment within it, however much is doubled", () => {
    const widened = widen({ amount: 16_000_000n }, { perTransaction: 15_000_000n });
    expect(widened).to.include({ perTransaction: 20_000_000n, perPeriod: 20_000_000n });
    expect(widen({ amount: 21_000_000n })).to.include({
      perTransaction: 21_000_000n,
      perPeriod: 21_000_000n,
    });
  });

  it("double the limit of a period, and nothing else", () => {
    expect(widen({ code: "PERIOD", amount: 1_000_000n })).to.deep.equal({
      ...dollars,
      perPeriod: 40_000_000n,
    });
  });

  it("let a stream flow twice as fast", () => {
    const stream = { initial: 2n, perSecond: 3n, signatures: 0, sizes: 0 };
    expect(widen({ code: "PERIOD", amount: 1n }, stream)).to.include({
      initial: 4n,
      perSecond: 6n,
      perPeriod: 40_000_000n,
    });
    expect(widen({ amount: 2_000_000n }, stream)).to.include({ initial: 2n, perSecond: 3n });
  });

  it("add the payee, with room for the payment", () => {
    expect(widen({ code: "RECIPIENT", recipient: otherShop, amount: 1n })).to.deep.equal({
      ...dollars,
      recipients: [shop, otherShop],
    });
    expect(widen({ code: "RECIPIENT", recipient: otherShop })).to.include({ perTransaction: 1_000_000n });
    expect(widen({ code: "RECIPIENT", recipient: otherShop, amount: 4_000_000n })).to.include({
      perTransaction: 4_000_000n,
      perPeriod: 20_000_000n,
    });
  });

  it("divide signed payments as finely as before", () => {
    for (const signatures of [1, 6]) {
      const bits = signatures === 1 ? 2n : 1n;
      const smallest = ({ perTransaction, sizes }: Pick<Budget, "perTransaction" | "sizes">) =>
        perTransaction >> (bits * BigInt(sizes - 1));
      for (const amount of [1_000_001n, 3_000_000n, 9_000_000n]) {
        const widened = widen({ amount }, { signatures, sizes: 3 });
        expect(smallest(widened) <= smallest({ ...dollars, sizes: 3 })).to.equal(true);
      }
      expect(widen({ amount: 20_000_000n }, { signatures, sizes: 8 }).sizes).to.equal(8);
    }
  });

  it("stay within what the chain can hold", () => {
    expect(widen({ code: "PERIOD", amount: 1n }, { perPeriod: maxUint128 }).perPeriod).to.equal(maxUint128);
    const full = { recipients: Array.from({ length: 32 }, (_, index) => addressOf(`shop ${index}`)) };
    const codeOf = (attempt: () => unknown) => {
      try {
        attempt();
      } catch (error) {
        if (isRefusal(error)) return error.code;
        throw error;
      }
      return undefined;
    };
    expect(codeOf(() => widen({ code: "RECIPIENT", recipient: otherShop }, full))).to.equal(
      "INVALID_RECIPIENTS",
    );
    expect(codeOf(() => widen({ token: shop }))).to.equal("INVALID_GRANT");
  });
});
