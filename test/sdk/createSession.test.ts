import "../environment/seed.ts";
import {
  ANYONE,
  createSession,
  InvalidInput,
  isRefusal,
  type RefusalCode,
  type SessionContext,
  type SessionRequest,
} from "@latchkey/sdk";
import { expect } from "chai";
import fc from "fast-check";
import { formatUnits, getAddress, maxUint128, parseUnits, zeroAddress } from "viem";

const address = (n: number) => getAddress(`0x${n.toString(16).padStart(40, "0")}`);
const [safe, agent, shop, other, token, module] = [0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6].map(address) as [
  `0x${string}`,
  `0x${string}`,
  `0x${string}`,
  `0x${string}`,
  `0x${string}`,
  `0x${string}`,
];
const USDC = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48";
const now = 1_800_000_000;
const context: SessionContext = { chainId: 1, module, now, epoch: 7n, salt: 5n };

const usdc = { perTransaction: "1", perDay: "20", recipients: [shop] } as const;
const request = { account: safe, key: agent, budgets: { usdc }, until: "7d" } satisfies SessionRequest;
/** The request with something else in it, as a JavaScript caller can write it: unchecked. */
const create = (changes: object, changedContext: Partial<SessionContext> = {}) =>
  createSession({ ...request, ...changes } as SessionRequest, { ...context, ...changedContext });
const createBudget = (changes: object) => create({ budgets: { usdc: { ...usdc, ...changes } } }).budgets[0];

/** The refusal's code, and that it says what to do. */
function refusalOf(attempt: () => unknown): RefusalCode | undefined {
  try {
    attempt();
  } catch (error) {
    if (!isRefusal(error)) throw error;
    expect(error.metaMessages, "what to do").to.have.length.greaterThan(0);
    return error.code;
  }
  return undefined;
}

describe("a session made of what people say", () => {
  it("says $1 a transaction, $20 a day, to one shop, for seven days", () => {
    expect(createSession(request, context)).to.deep.equal({
      account: safe,
      key: agent,
      validAfter: now,
      validUntil: now + 7 * 86_400,
      epoch: 7n,
      salt: 5n,
      gasAllowance: 0n,
      paymaster: zeroAddress,
      budgets: [
        {
          token: USDC,
          perTransaction: 1_000_000n,
          perPeriod: 20_000_000n,
          period: 86_400,
          initial: 0n,
          perSecond: 0n,
          signatures: 1,
          sizes: 5,
          recipients: [shop],
        },
      ],
      actions: [],
    });
  });

  it("takes accounts and other objects with an address for the account and the key", () => {
    const session = create({ account: { address: safe }, key: { address: agent } });
    expect([session.account, session.key]).to.deep.equal([safe, agent]);
  });

  it("tells equal requests apart by a salt of at most six bytes", () => {
    const salts = Array.from({ length: 20 }, () => create({}, { salt: undefined }).salt);
    expect(new Set(salts).size).to.equal(20);
    for (const salt of salts) expect(salt < 1n << 48n).to.equal(true);
  });

  describe("limits over time", () => {
    const limits = {
      "an hour": [{ perHour: "20" }, 3600],
      "a day": [{ perDay: "20" }, 86_400],
      "a week": [{ perWeek: "20" }, 604_800],
      "six hours": [{ perPeriod: "20", period: "6h" }, 21_600],
      "the whole session": [{ inAll: "20" }, 604_800],
    } as const;
    for (const [name, [limit, period]] of Object.entries(limits))
      it(`are counted over ${name}`, () => {
        const budget = createBudget({ perDay: undefined, ...limit });
        expect([budget?.perPeriod, budget?.period]).to.deep.equal([20_000_000n, period]);
      });

    it("are refused when there is none", () => {
      expect(refusalOf(() => createBudget({ perDay: undefined }))).to.equal("INVALID_LIMIT");
    });
    it("are refused when there are two", () => {
      expect(refusalOf(() => createBudget({ inAll: "20" }))).to.equal("INVALID_LIMIT");
    });
    it("are refused when a period has no amount, or an amount no period", () => {
      expect(refusalOf(() => createBudget({ period: "6h" }))).to.equal("INVALID_LIMIT");
      expect(refusalOf(() => createBudget({ perDay: undefined, perPeriod: "6" }))).to.equal("INVALID_TIME");
    });
    it("are refused below what one transaction may move", () => {
      expect(refusalOf(() => createBudget({ perTransaction: "20.000001" }))).to.equal("INVALID_LIMIT");
      expect(createBudget({ perTransaction: "20" })?.perTransaction).to.equal(20_000_000n);
    });
    it("are refused over more seconds than the chain counts", () => {
      const until = new Date((now + 2 ** 32) * 1000);
      const budgets = { usdc: { perTransaction: "1", inAll: "20", recipients: [shop] } };
      expect(refusalOf(() => create({ until, budgets }))).to.equal("INVALID_TIME");
    });
  });

  describe("amounts", () => {
    for (const amount of [
      "0",
      "0.0",
      "-1",
      "+1",
      "1e3",
      "1,5",
      "",
      " 1",
      "0x10",
      "Infinity",
      "NaN",
      ".5",
      "5.",
    ])
      it(`are refused as ${JSON.stringify(amount)}, for one transaction and for a day`, () => {
        expect(refusalOf(() => createBudget({ perTransaction: amount }))).to.equal("INVALID_AMOUNT");
        expect(refusalOf(() => createBudget({ perDay: amount }))).to.equal("INVALID_AMOUNT");
      });
    for (const amount of [1, 0, Number.NaN, Number.POSITIVE_INFINITY, 20n, null, undefined, {}])
      it(`are refused as ${typeof amount} ${String(amount)}, which does not say its unit`, () => {
        expect(refusalOf(() => createBudget({ perTransaction: amount }))).to.equal("INVALID_AMOUNT");
      });
    it("are refused with more decimals than the token has", () => {
      expect(refusalOf(() => createBudget({ perTransaction: "0.0000001" }))).to.equal("INVALID_AMOUNT");
      expect(createBudget({ perTransaction: "0.000001", x402: false })?.perTransaction).to.equal(1n);
      expect(createBudget({ perTransaction: "0.5000000000" })?.perTransaction).to.equal(500_000n);
    });
    it("are refused above 128 bits", () => {
      const budgets = (perTransaction: string) => ({
        [token]: { perTransaction, inAll: perTransaction, recipients: [shop], decimals: 0 },
      });
      expect(refusalOf(() => create({ budgets: budgets((maxUint128 + 1n).toString()) }))).to.equal(
        "INVALID_AMOUNT",
      );
      expect(create({ budgets: budgets(maxUint128.toString()) }).budgets[0]?.perPeriod).to.equal(maxUint128);
    });
  });

  describe("recipients", () => {
    it("are anyone only if that word stands there", () => {
      expect(createBudget({ recipients: "anyone" })?.recipients).to.deep.equal([ANYONE]);
    });
    for (const [name, recipients] of Object.entries({
      missing: undefined,
      empty: [],
      "the address that stands for anyone": [ANYONE],
      "anyone beside another": [shop, ANYONE],
      "the zero address": [zeroAddress],
      "another word": "all",
      "more than 32": Array.from({ length: 33 }, (_, n) => address(n + 1)),
    }))
      it(`are refused when they are ${name}`, () => {
        expect(refusalOf(() => createBudget({ recipients }))).to.equal("INVALID_RECIPIENTS");
      });
    it("are refused with a wrong checksum", () => {
      const wrong = USDC.replace("eB48", "Eb48");
      expect(refusalOf(() => createBudget({ recipients: [wrong] }))).to.equal("INVALID_ADDRESS");
    });
    it("are listed once each", () => {
      const recipients = [shop, other, shop.toLowerCase()];
      expect(createBudget({ recipients })?.recipients).to.deep.equal([shop, other]);
    });
  });

  describe("the end", () => {
    it("can be a date", () => {
      expect(create({ until: new Date((now + 60) * 1000) }).validUntil).to.equal(now + 60);
    });
    it("is counted from the start that was asked for", () => {
      const session = create({ from: new Date((now + 100) * 1000), until: "1h" });
      expect([session.validAfter, session.validUntil]).to.deep.equal([now + 100, now + 3700]);
    });
    for (const until of [undefined, null, "0d", "7", "d", "-7d", "1.5d", "7 days", 604_800, new Date("x")])
      it(`is refused as ${String(until)}`, () => {
        expect(refusalOf(() => create({ until }))).to.equal("INVALID_TIME");
      });
    it("is refused when it is over", () => {
      expect(refusalOf(() => create({ until: new Date(now * 1000) }))).to.equal("INVALID_TIME");
      expect(refusalOf(() => create({ from: new Date(0), until: "7d" }))).to.equal("INVALID_TIME");
    });
  });

  describe("tokens", () => {
    it("finds USDC on Ethereum, Base and their test networks", () => {
      const found = [1, 8453, 84532, 11155111].map((chainId) => create({}, { chainId }).budgets[0]?.token);
      expect(found).to.deep.equal([
        USDC,
        "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913",
        "0x036CbD53842c5426634e7929541eC2318f3dCF7e",
        "0x1c7D4B196Cb0C7B01d743Fbc6116a902379C7238",
      ]);
    });
    it("does not guess USDC on other chains, but takes its address", () => {
      expect(refusalOf(() => create({}, { chainId: 31337 }))).to.equal("UNKNOWN_TOKEN");
      const session = create({ budgets: { usdc: { ...usdc, token } } }, { chainId: 31337 });
      expect(session.budgets[0]?.token).to.equal(token);
    });
    it("takes any token by its address, and its decimals from the chain", () => {
      const budgets = { [token]: { perTransaction: "1", perDay: "20", recipients: [shop] } };
      const decimals = { [token.toLowerCase()]: 18 };
      expect(create({ budgets }, { decimals }).budgets[0]).to.include({
        token,
        perTransaction: 10n ** 18n,
        signatures: 0,
        sizes: 0,
      });
      expect(refusalOf(() => create({ budgets }))).to.equal("UNKNOWN_TOKEN");
    });
    it("refuses a node that says other decimals of a USDC that is known, by either name", () => {
      for (const decimals of [18, 0]) {
        const told = { decimals: { [USDC.toLowerCase()]: decimals } };
        expect(refusalOf(() => create({}, told))).to.equal("UNKNOWN_TOKEN");
        expect(refusalOf(() => create({ budgets: { [USDC]: usdc } }, told))).to.equal("UNKNOWN_TOKEN");
      }
      expect(create({}, { decimals: { [USDC.toLowerCase()]: 6 } }).budgets[0]?.perPeriod).to.equal(
        20_000_000n,
      );
    });
    it("refuses another token by the name of a USDC that is known", () => {
      expect(refusalOf(() => createBudget({ token }))).to.equal("UNKNOWN_TOKEN");
      expect(createBudget({ token: USDC.toLowerCase() })?.token).to.equal(USDC);
      const elsewhere = { chainId: 31337, decimals: { [token.toLowerCase()]: 6 } };
      expect(create({ budgets: { usdc: { ...usdc, token } } }, elsewhere).budgets[0]?.token).to.equal(token);
    });
    it("refuses decimals that differ from what the token says", () => {
      const budgets = { usdc: { ...usdc, decimals: 18 } };
      const decimals = { [USDC.toLowerCase()]: 6 };
      expect(refusalOf(() => create({ budgets }, { decimals }))).to.equal("UNKNOWN_TOKEN");
    });
    it("takes the native coin by name only", () => {
      const native = { perTransaction: "0.1", perWeek: "1", recipients: [shop] };
      expect(create({ budgets: { native } }).budgets[0]).to.include({
        token: zeroAddress,
        perTransaction: 10n ** 17n,
        signatures: 0,
        sizes: 0,
      });
      expect(refusalOf(() => create({ budgets: { [zeroAddress]: native } }))).to.equal("UNKNOWN_TOKEN");
    });
    it("refuses names that it does not know", () => {
      expect(refusalOf(() => create({ budgets: { dai: usdc } }))).to.equal("UNKNOWN_TOKEN");
    });
    it("refuses an address that names another token inside", () => {
      expect(refusalOf(() => create({ budgets: { [token]: { ...usdc, token: other } } }))).to.equal(
        "UNKNOWN_TOKEN",
      );
    });
    it("refuses two budgets for one token", () => {
      expect(refusalOf(() => create({ budgets: { usdc, [USDC]: usdc } }))).to.equal("MALFORMED_SESSION");
    });
    it("refuses the account and the module as tokens", () => {
      for (const wrong of [safe, module])
        expect(refusalOf(() => create({ budgets: { [wrong]: { ...usdc, decimals: 6 } } }))).to.equal(
          "MALFORMED_SESSION",
        );
    });
  });

  describe("payments by signature", () => {
    const sizesAt = (perTransaction: string) => createBudget({ perTransaction, perDay: "1000" })?.sizes;
    it("get as many sizes as leave the smallest worth a thousandth of a token, up to five", () => {
      expect(["1000", "1", "0.256", "0.255999", "0.1", "0.01", "0.001"].map(sizesAt)).to.deep.equal([
        5, 5, 5, 4, 4, 2, 1,
      ]);
    });
    it("can be closed", () => expect(createBudget({ x402: false })).to.include({ signatures: 0, sizes: 0 }));
    it("can be opened for another token", () => {
      const budgets = { [token]: { ...usdc, decimals: 6, x402: true } };
      expect(create({ budgets }).budgets[0]).to.include({ signatures: 1, sizes: 5 });
    });
    it("by Permit2 get sizes that are halves, up to eight", () => {
      const budgetAt = (perTransaction: string) =>
        createBudget({ perTransaction, perDay: "1000", x402: "permit2" });
      expect(budgetAt("1")).to.include({ signatures: 6 });
      expect(["1000", "0.128", "0.127999", "0.01", "0.001"].map((one) => budgetAt(one)?.sizes)).to.deep.equal(
        [8, 8, 7, 4, 1],
      );
    });
    it("by Permit2 waste nothing at the typical price, for which the limit per payment is chosen", () => {
      fc.assert(
        fc.property(fc.bigInt(1n, 10n ** 9n), fc.bigInt(1n, 4000n), (price, times) => {
          const x402 = { typicalPrice: formatUnits(price, 6), by: "permit2" };
          const perDay = formatUnits(price * times, 6);
          const budget = createBudget({ perTransaction: undefined, perDay, x402 });
          if (!budget) throw new Error("no budget");
          expect(budget.perTransaction >> BigInt(budget.sizes - 1)).to.equal(price);
          expect(budget.signatures).to.equal(6);
        }),
      );
      const typical = { typicalPrice: "0.25", by: "permit2" };
      expect(createBudget({ perTransaction: "0.5", x402: typical })).to.include({ sizes: 2 });
      expect(() => createBudget({ perTransaction: "0.7", x402: typical })).to.throw(
        /Set perTransaction to 0\.5 or 1, or omit it/,
      );
    });
    it("are by EIP-3009 unless the token is known to have none", () => {
      const budgets = { [token]: { ...usdc, decimals: 6, x402: true } };
      const kinds = { [token.toLowerCase()]: "permit2" } as const;
      expect(create({ budgets }, { kinds }).budgets[0]).to.include({ signatures: 6, sizes: 8 });
      const forced = { [token]: { ...usdc, decimals: 6, x402: "eip3009" } };
      expect(create({ budgets: forced }, { kinds }).budgets[0]).to.include({ signatures: 1, sizes: 5 });
    });
    it("waste nothing at the typical price, for which the limit per payment is chosen", () => {
      const fits = (typicalPrice: string, perDay: string) => {
        const budget = createBudget({ perTransaction: undefined, perDay, x402: { typicalPrice } });
        if (!budget) throw new Error("no budget");
        const { perTransaction, perPeriod, sizes } = budget;
        const worth = perTransaction >> BigInt(2 * (sizes - 1));
        const price = parseUnits(typicalPrice, 6);
        // Every payment of the price uses up the price, and nearly all of the limit can be paid so.
        expect(worth).to.equal(price);
        const payments = (perPeriod / perTransaction) * 4n ** BigInt(sizes - 1);
        if (perPeriod >= 20n * price)
          expect(Number(payments * price) / Number(perPeriod)).to.be.at.least(0.95);
        return [formatUnits(perTransaction, 6), sizes];
      };
      expect(fits("0.001", "20")).to.deep.equal(["0.256", 5]);
      expect(fits("0.01", "20")).to.deep.equal(["0.64", 4]);
      expect(fits("0.3", "20")).to.deep.equal(["0.3", 1]);
      expect(fits("20", "20")).to.deep.equal(["20", 1]);
      expect(fits("0.000001", "20")).to.deep.equal(["0.000256", 5]);
      fc.assert(
        fc.property(fc.bigInt(1n, 10n ** 9n), fc.bigInt(1n, 10n ** 12n), (price, more) => {
          fits(formatUnits(price, 6), formatUnits(price * (1n + (more % 4000n)), 6));
        }),
      );
    });
    it("keep a limit per payment that fits the typical price, and name the next ones where it does not", () => {
      const typical = { typicalPrice: "0.001" };
      expect(createBudget({ perTransaction: "1.024", x402: typical })).to.include({
        perTransaction: 1_024_000n,
        sizes: 6,
      });
      expect(createBudget({ perTransaction: "0.28", x402: typical })).to.include({ sizes: 5 });
      expect(() => createBudget({ perTransaction: "1", x402: typical })).to.throw(
        InvalidInput,
        /a payment of 0\.001 would use up 0\.003906 of the limit\.[\s\S]*Set perTransaction to 0\.256 or 1\.024, or omit it/,
      );
      expect(() => createBudget({ perTransaction: "20", x402: { typicalPrice: "1.5" } })).to.throw(
        /Set perTransaction to 6, or omit it/,
      );
    });
    it("are refused for a typical price above a limit, zero or missing, and for another word", () => {
      for (const [x402, code] of [
        [{ typicalPrice: "1.01" }, "INVALID_LIMIT"],
        [{ typicalPrice: "0" }, "INVALID_AMOUNT"],
        [{}, "INVALID_AMOUNT"],
        [null, "INVALID_AMOUNT"],
        ["often", "INVALID_LIMIT"],
        [{ typicalPrice: "0.25", by: "often" }, "INVALID_LIMIT"],
      ] as const)
        expect(refusalOf(() => createBudget({ x402 }))).to.equal(code);
      const above = { perTransaction: undefined, x402: { typicalPrice: "20.01" } };
      expect(refusalOf(() => createBudget(above))).to.equal("INVALID_LIMIT");
      expect(refusalOf(() => createBudget({ perTransaction: undefined }))).to.equal("INVALID_AMOUNT");
    });
    it("are refused where a period has room for 2^32 of them or more", () => {
      const huge = { perTransaction: "0.000001", perDay: "4294.967296" };
      expect(refusalOf(() => createBudget(huge))).to.equal("INVALID_LIMIT");
      const typical = { perTransaction: "0.000001", x402: { typicalPrice: "0.000001" } };
      expect(refusalOf(() => createBudget({ ...huge, ...typical }))).to.equal("INVALID_LIMIT");
      expect(createBudget({ ...huge, x402: false })?.sizes).to.equal(0);
      expect(createBudget({ ...huge, perDay: "4294.967295" })?.sizes).to.equal(1);
    });
    it("are refused for the native coin, and for streams", () => {
      const native = { perTransaction: "1", perDay: "1", recipients: [shop], x402: true };
      const stream = { initial: "0", perSecond: "0.01" };
      expect(refusalOf(() => create({ budgets: { native } }))).to.equal("INVALID_LIMIT");
      expect(refusalOf(() => createBudget({ stream, x402: true }))).to.equal("INVALID_LIMIT");
      const x402 = { typicalPrice: "0.01" };
      expect(refusalOf(() => createBudget({ stream, x402 }))).to.equal("INVALID_LIMIT");
      expect(refusalOf(() => create({ budgets: { native: { ...native, x402 } } }))).to.equal("INVALID_LIMIT");
    });
  });

  describe("streams", () => {
    it("begin with an amount and grow by the second", () => {
      const budget = createBudget({ stream: { initial: "0.5", perSecond: "0.0001" } });
      expect(budget).to.include({ initial: 500_000n, perSecond: 100n, signatures: 0, sizes: 0 });
    });
    it("may begin with nothing, but not grow by nothing", () => {
      expect(createBudget({ stream: { initial: "0", perSecond: "0.1" } })?.initial).to.equal(0n);
      expect(refusalOf(() => createBudget({ stream: { initial: "1", perSecond: "0" } }))).to.equal(
        "INVALID_AMOUNT",
      );
    });
    it("are refused when they begin above their limit", () => {
      expect(refusalOf(() => createBudget({ stream: { initial: "21", perSecond: "1" } }))).to.equal(
        "INVALID_LIMIT",
      );
    });
  });

  it("is refused when it allows nothing", () => {
    expect(refusalOf(() => create({ budgets: {} }))).to.equal("INVALID_LIMIT");
    expect(refusalOf(() => create({ budgets: undefined }))).to.equal("INVALID_LIMIT");
    expect(refusalOf(() => create({ budgets: { usdc: undefined } }))).to.equal("INVALID_LIMIT");
  });
  it("is refused when the key is the account, zero or missing", () => {
    expect(refusalOf(() => create({ key: safe }))).to.equal("MALFORMED_SESSION");
    expect(refusalOf(() => create({ key: zeroAddress }))).to.equal("MALFORMED_SESSION");
    expect(refusalOf(() => create({ key: undefined }))).to.equal("INVALID_ADDRESS");
  });
  it("allows no userOps unless gas is allowed", () => {
    expect(create({ gasAllowance: "0.01", paymaster: "anyone" })).to.include({
      gasAllowance: 10n ** 16n,
      paymaster: ANYONE,
    });
    expect(refusalOf(() => create({ gasAllowance: "0" }))).to.equal("INVALID_AMOUNT");
  });
});
