import "../environment/seed.ts";
import { deployMock } from "@latchkey/accounts/deployMock";
import { ANYONE, type Budget, type Session } from "@latchkey/sdk";
import {
  describeSession,
  formatSpan,
  mostSpendable,
  reviewSession,
  type SessionReview,
  type TokenFacts,
  type UnenforcedLimit,
} from "@latchkey/sdk/review";
import { expect } from "chai";
import fc from "fast-check";
import {
  type AbiFunction,
  type Address,
  concat,
  decodeFunctionData,
  encodeFunctionData,
  getAddress,
  type Hex,
  maxUint128,
  maxUint256,
  parseAbiItem,
  slice,
  toFunctionSelector,
  toHex,
  zeroAddress,
} from "viem";
import { grantOf, propose, refusalOf, shop, USD, useSafe } from "./safeFixture.ts";

const address = (n: number): Address => getAddress(toHex(n, { size: 20 }));
const [token, other, target] = [address(0x70), address(0x71), address(0x72)];
const DAY = 86_400;
const START = 1_800_000_000;

const budget = (changes: Partial<Budget> = {}): Budget => ({
  token,
  perTransaction: USD,
  perPeriod: 20n * USD,
  period: DAY,
  initial: 0n,
  perSecond: 0n,
  signatures: 1,
  sizes: 3,
  recipients: [shop],
  ...changes,
});
const session = (changes: Partial<Session> = {}): Session => ({
  account: address(1),
  key: address(2),
  validAfter: START,
  validUntil: START + 7 * DAY,
  epoch: 0n,
  salt: 1n,
  gasAllowance: 0n,
  paymaster: zeroAddress,
  budgets: [budget()],
  actions: [],
  ...changes,
});
const facts: TokenFacts = { token, symbol: "USDC", decimals: 6, known: true };
const describeIt = (changes: Partial<Session> = {}, accountKind: "safe" | "nexus" = "safe"): SessionReview =>
  describeSession({ chainId: 1, module: address(3), accountKind, session: session(changes) }, [
    facts,
    { token: other, symbol: "FAKE", decimals: 2, known: false },
    { token: zeroAddress, symbol: "ETH", decimals: 18, known: true },
  ]);
const codes = (review: SessionReview): UnenforcedLimit["code"][] =>
  review.notEnforced.map(({ code }) => code);

/** What the chain has released by a second, by the words of the rule. */
const releasedAt = ({ perPeriod, initial, perSecond }: Budget, elapsed: number): bigint => {
  if (perSecond === 0n) return perPeriod;
  const sum = initial + perSecond * BigInt(elapsed);
  return sum < perPeriod ? sum : perPeriod;
};

describe("the review of a budget that Permit2 pays from", () => {
  const reviewOf = (signatures: number) => describeIt({ budgets: [budget({ signatures })] });
  const approves =
    "Approves 140 USDC to Permit2: anything else that can sign for this account could take up to that.";
  it("says what is approved to Permit2, and what else that lets through", () => {
    for (const signatures of [2, 4, 6]) {
      const [of] = reviewOf(signatures).budgets;
      expect(of).to.deep.include({
        bySignature: true,
        signedPayments: "permit2",
        upTo: signatures !== 2,
        approval: { amount: 140n * USD, text: "140 USDC" },
      });
      expect(of?.sentences).to.include(approves);
      expect(codes(reviewOf(signatures))).to.include("PERMIT2_APPROVAL");
    }
  });
  it("says that payments of up to an amount count in full, where there are any", () => {
    const says = (signatures: number) => reviewOf(signatures).budgets[0]?.sentences.join(" ");
    const inFull = 'A signed payment of "up to" an amount counts in full until the period ends';
    expect(says(6)).to.include(inFull);
    expect(says(4)).to.include(inFull);
    expect(says(2)).not.to.include(inFull);
  });
  it("is not that of other budgets", () => {
    for (const [signatures, sizes] of [
      [0, 0],
      [1, 3],
    ] as const) {
      const review = describeIt({ budgets: [budget({ signatures, sizes })] });
      expect(review.budgets[0]).to.deep.include({
        signedPayments: signatures === 1 ? "eip3009" : undefined,
        upTo: false,
        approval: undefined,
      });
      expect(review.budgets[0]?.sentences.join(" ")).not.to.include("Permit2");
      expect(codes(review)).not.to.include("PERMIT2_APPROVAL");
    }
  });
});

describe("the most that a session could ever spend", () => {
  const most = (length: number, changes: Partial<Budget> = {}) =>
    mostSpendable({ validAfter: START, validUntil: START + length }, budget(changes));

  it("is what every period releases, one that the end cuts short too", () => {
    expect(most(7 * DAY)).to.deep.equal({ periods: 7n, most: 140n * USD });
    expect(most(7 * DAY + 1)).to.deep.equal({ periods: 8n, most: 160n * USD });
    expect(most(1)).to.deep.equal({ periods: 1n, most: 20n * USD });
    expect(most(7 * DAY, { period: 7 * DAY })).to.deep.equal({ periods: 1n, most: 20n * USD });
  });

  it("is, of a stream, what each period has released in its last second", () => {
    const stream = { initial: 5n, perSecond: 2n, perPeriod: 100n, period: 10, perTransaction: 1n };
    expect(most(10, stream)).to.deep.equal({ periods: 1n, most: 5n + 2n * 9n });
    expect(most(11, stream)).to.deep.equal({ periods: 2n, most: 23n + 5n });
    expect(most(20, { ...stream, perPeriod: 15n })).to.deep.equal({ periods: 2n, most: 30n });
  });

  it("is what one gets who spends all that is released, second by second", () => {
    fc.assert(
      fc.property(
        fc.record({
          length: fc.integer({ min: 1, max: 60 }),
          period: fc.integer({ min: 1, max: 25 }),
          perPeriod: fc.bigInt({ min: 1n, max: 50n }),
          initial: fc.bigInt({ min: 0n, max: 20n }),
          perSecond: fc.bigInt({ min: 0n, max: 5n }),
        }),
        ({ length, ...limits }) => {
          const asked = budget({ ...limits, initial: limits.perSecond === 0n ? 0n : limits.initial });
          let [sum, spent, current] = [0n, 0n, -1];
          for (let second = 0; second < length; second++) {
            const period = Math.floor(second / asked.period);
            if (period !== current) [spent, current] = [0n, period];
            const left = releasedAt(asked, second % asked.period) - spent;
            spent += left;
            sum += left;
          }
          expect(mostSpendable({ validAfter: START, validUntil: START + length }, asked).most).to.equal(sum);
        },
      ),
    );
  });
});

describe("a span of time", () => {
  it("is said exactly, by one unit where that is easy to picture, else by several", () => {
    for (const [seconds, text] of [
      [1, "1 second"],
      [5400, "90 minutes"],
      [86_400, "1 day"],
      [1_209_600, "2 weeks"],
      [365 * 86_400, "365 days"],
      [86_401, "1 day 1 second"],
      [603_217, "6 days 23 hours 33 minutes 37 seconds"],
      [200 * 3600, "8 days 8 hours"],
    ] as const)
      expect(formatSpan(seconds), String(seconds)).to.equal(text);
  });
});

describe("a session as its owner sees it", () => {
  it("has no period in seconds where its limit holds in all", () => {
    const [shown] = describeIt({ budgets: [budget({ period: 7 * DAY })] }).budgets;
    expect(shown?.periodText).to.equal("the whole session");
    expect(shown?.sentences).to.include("At most 20 USDC in all.");
  });

  it("says each limit in words and numbers, both rails under one", () => {
    const review = describeIt();
    expect(review.validAfterText).to.equal("2027-01-15T08:00:00Z");
    expect(review.validUntilText).to.equal("2027-01-22T08:00:00Z");
    const [shown] = review.budgets;
    expect(shown).to.deep.include({
      symbol: "USDC",
      perTransactionText: "1 USDC",
      perPeriodText: "20 USDC",
      periodText: "1 day",
      periods: 7n,
      most: 140n * USD,
      mostText: "140 USDC",
      bySignature: true,
      recipients: [shop],
      stream: undefined,
    });
    expect(shown?.sentences).to.deep.equal([
      "At most 1 USDC per payment.",
      "At most 20 USDC per period of 1 day, counted from the start.",
      "At most 140 USDC until the session ends.",
      "With transactions and signatures (x402), which share these limits.",
      `Only to ${shop}.`,
    ]);
  });

  it("says what a stream adds, and what one budget allows in all", () => {
    const stream = { perSecond: 10n, initial: 5n, signatures: 0, sizes: 0 };
    const [streamed] = describeIt({ budgets: [budget(stream)] }).budgets;
    expect(streamed?.stream).to.include({ initialText: "0.000005 USDC", perSecondText: "0.00001 USDC" });
    expect(streamed?.sentences).to.include("With transactions only, not with signatures.");
    expect(streamed?.most).to.equal(7n * (5n + 10n * 86_399n));
    const [inAll] = describeIt({ budgets: [budget({ period: 7 * DAY })] }).budgets;
    expect(inAll?.sentences).to.include("At most 20 USDC in all.");
  });

  it("shows the address of a token whose name nobody vouches for", () => {
    const review = describeIt({ budgets: [budget({ token: other })] });
    expect(review.budgets[0]?.mostText).to.equal(`1400000 FAKE (${other})`);
    expect(codes(review)).to.include("UNKNOWN_SYMBOL");
    expect(codes(describeIt())).not.to.include("UNKNOWN_SYMBOL");
  });

  it("says what a call may be, condition by condition", () => {
    const rules = [
      { offset: 4, op: 0, value: toHex(5, { size: 32 }) },
      { offset: 36, op: 3, value: toHex(7, { size: 32 }) },
    ];
    const { actions } = describeIt({ actions: [{ target, selector: "0x12345678", rules }] });
    expect(actions[0]?.sentence).to.equal(
      `May call 0x12345678 of ${target}, where word at byte 4 = 5 and word at byte 36 ≤ 7.`,
    );
  });

  it("takes a rule that leaves all values, or all but one, for none", () => {
    const rule = (op: number, value: bigint) => ({ offset: 36, op, value: toHex(value, { size: 32 }) });
    const action = (...rules: ReturnType<typeof rule>[]) => ({
      target,
      selector: "0x12345678" as const,
      rules,
    });
    for (const rules of [
      [rule(5, 0n)],
      [rule(4, 0n)],
      [rule(3, maxUint256)],
      [rule(2, maxUint256)],
      [rule(1, 7n)],
      [rule(5, 0n), rule(3, maxUint256), rule(1, 0n)],
    ]) {
      const review = describeIt({ actions: [action(...rules)] });
      expect(codes(review), JSON.stringify(rules)).to.include("ANY_ARGUMENTS");
      expect(review.actions[0]).to.deep.include({ anyArguments: true, rules });
      expect(review.actions[0]?.sentence).to.include("with practically any arguments (where word at byte 36");
    }
    for (const real of [rule(0, 0n), rule(2, 5n), rule(3, maxUint256 - 1n), rule(4, 1n), rule(5, 1n)]) {
      const review = describeIt({ actions: [action(rule(5, 0n), real)] });
      expect(codes(review), JSON.stringify(real)).not.to.include("ANY_ARGUMENTS");
      expect(review.actions[0]?.anyArguments).to.equal(false);
    }
    const free = describeIt({ actions: [action(rule(0, 1n)), { ...action(rule(1, 1n)), target: other }] });
    expect(free.notEnforced.find(({ code }) => code === "ANY_ARGUMENTS")?.of).to.deep.equal([other]);
  });

  describe("of conditions that a shifted offset gets around", () => {
    const word = (value: bigint | Address) => toHex(BigInt(value), { size: 32 });
    const eq = (offset: number, value: bigint | Address) => ({ offset, op: 0, value: word(value) });
    const atMost = (offset: number, value: bigint) => ({ offset, op: 3, value: word(value) });
    const reviewOf = (form: string, rules: ReturnType<typeof eq>[]) =>
      describeIt({ actions: [{ target, selector: toFunctionSelector(form), rules }] });
    /** Of the genuine kind: a router's swap, whose struct is dynamic because of its path. */
    const swap = "exactInput((bytes path, address recipient, uint256 amountIn, uint256 amountOutMinimum))";

    it("warns, and an encoder's and a thief's calldata show that it has to", () => {
      const abi = [parseAbiItem(`function ${swap}` as string) as AbiFunction];
      const calldataTo = (recipient: Address) =>
        encodeFunctionData({
          abi,
          functionName: "exactInput",
          args: [{ path: "0x1122", recipient, amountIn: 5n, amountOutMinimum: 1n }],
        });
      const rule = eq(4 + 2 * 32, other);
      const holds = (data: Hex) => slice(data, rule.offset, rule.offset + 32) === rule.value;
      const readsRecipient = (data: Hex) =>
        (decodeFunctionData({ abi, data }).args as readonly [{ recipient: Address }])[0].recipient;
      const thief = getAddress("0x00000000000000000000000000000000000bad00");
      const honest = calldataTo(other);
      expect([holds(honest), readsRecipient(honest)]).to.deep.equal([true, other]);
      expect(holds(calldataTo(thief))).to.equal(false);
      // The struct lies behind a decoy of what the rule wants to see.
      const decoy = concat([word(0n), word(other)]);
      const forged = concat([slice(honest, 0, 4), word(32n + 64n), decoy, slice(calldataTo(thief), 4 + 32)]);
      expect([holds(forged), readsRecipient(forged)]).to.deep.equal([true, thief]);

      const review = reviewOf(swap, [rule]);
      expect(codes(review)).to.include("BYPASSABLE_CONDITIONS");
      expect(review.actions[0]?.bypassable).to.deep.equal([rule]);
      expect(review.actions[0]?.sentence).to.match(/The conditions on byte 68 can be bypassed if/);
      expect(review.notEnforced.find(({ code }) => code === "BYPASSABLE_CONDITIONS")?.of).to.deep.equal([
        target,
      ]);
      // With the words before it fixed, the forged calldata passes no more.
      const pinned = [eq(4, 32n), eq(36, 128n), rule];
      expect(slice(forged, 4, 36)).not.to.equal(word(32n));
      expect(codes(reviewOf(swap, pinned))).not.to.include("BYPASSABLE_CONDITIONS");
    });
    for (const [name, rules] of Object.entries({
      "the offset bounded, not fixed": [atMost(4, 32n), eq(36, 128n), eq(68, other)],
      "a word between them free": [eq(4, 32n), eq(68, other)],
      "the words fixed behind it alone": [eq(100, 5n), eq(132, 1n), eq(68, other)],
      "some bytes before it free": [eq(3, 32n), eq(36, 128n), eq(68, other)],
      "the second word": [eq(36, other)],
      "a place that begins within the first word": [eq(5, other)],
    }))
      it(`warns with ${name}`, () => {
        const { actions } = reviewOf("unknown(bytes)", rules);
        expect(actions[0]?.bypassable).to.deep.include(rules.at(-1));
      });
    for (const [name, [form, rules]] of Object.entries<[string, ReturnType<typeof eq>[]]>({
      "the first word": ["unknown(bytes)", [atMost(4, 5n)]],
      "words of which none before it is free": ["unknown(bytes)", [eq(4, 32n), eq(36, 64n), atMost(68, 5n)]],
      "arguments of a function whose arguments are known to be fixed in size": [
        "deposit(uint256,address)",
        [atMost(4, 5n), eq(36, other)],
      ],
      "the fixed part of a function that is known to have a list": [
        "swapExactTokensForTokens(uint256,uint256,address[],address,uint256)",
        [eq(4 + 3 * 32, other)],
      ],
      "a rule that holds back nothing anyway": ["unknown(bytes)", [{ ...eq(68, 0n), op: 5 }]],
    }))
      it(`does not warn of ${name}`, () => {
        expect(codes(reviewOf(form, rules))).not.to.include("BYPASSABLE_CONDITIONS");
        expect(reviewOf(form, rules).actions[0]?.bypassable).to.deep.equal([]);
      });
    it("warns of what lies behind the fixed part of a known function", () => {
      const form = "swapExactTokensForTokens(uint256,uint256,address[],address,uint256)";
      expect(codes(reviewOf(form, [eq(4 + 6 * 32, other)]))).to.include("BYPASSABLE_CONDITIONS");
    });
  });

  it("says what the chain does not limit, and only what concerns this session", () => {
    expect(codes(describeIt())).to.deep.equal(["PERIOD_EDGE", "NUMBER_OF_PAYMENTS", "SESSIONS_ADD_UP"]);
    expect(codes(describeIt({ budgets: [budget({ period: 7 * DAY })] }))).not.to.include("PERIOD_EDGE");
    expect(codes(describeIt({ budgets: [budget({ recipients: [ANYONE] })] }))).to.include("ANY_RECIPIENT");
    const action = { target, selector: "0x12345678" as const, rules: [] };
    expect(codes(describeIt({ actions: [action] }))).to.include.members([
      "UNBUDGETED_TOKENS",
      "LATER_PULLS",
      "HIDDEN_BY_INFLOW",
      "ANY_ARGUMENTS",
    ]);
  });

  it("says what userOps may cost, on accounts that send them by sessions", () => {
    expect(describeIt({ gasAllowance: 10n ** 16n }).gas).to.equal(undefined);
    expect(describeIt({}, "nexus").gas).to.include({ text: "It cannot send userOps.", paymaster: "none" });
    const counted = describeIt({ gasAllowance: 10n ** 16n, paymaster: other }, "nexus");
    expect(counted.gas?.text).to.contain("0.01 native coin");
    expect(counted.gas?.paymaster).to.equal(other);
    const uncounted = describeIt({ gasAllowance: maxUint128, paymaster: ANYONE }, "nexus");
    expect(uncounted.gas).to.include({ uncounted: true, paymaster: "anyone" });
    expect(codes(uncounted)).to.include.members(["GAS_NOT_COUNTED", "ANY_PAYMASTER"]);
    const burnt = uncounted.notEnforced.find(({ code }) => code === "GAS_NOT_COUNTED");
    expect(burnt?.sentence).to.include("the bundler collects it");
    expect(codes(counted)).not.to.include("GAS_NOT_COUNTED");
  });

  it("is not shown where a token's decimals are not known", () => {
    expect(() => describeIt({ budgets: [budget({ token: target })] })).to.throw(
      "is unknown, so its amounts cannot be shown",
    );
  });
});

describe("the review of a proposal", function () {
  this.timeout(60_000);
  const world = useSafe("1.4.1");
  const client = () => world().env.testChain.client;

  it("knows USDC by its address, and asks other tokens, whose names are shown with care", async () => {
    const liar = await deployMock(world().env.testChain, "StandardToken");
    const limits = { perTransaction: "1", perDay: "5", recipients: [shop] };
    const proposal = await propose(world(), {
      budgets: { usdc: limits, native: limits, [liar.address]: limits },
    });
    const { budgets } = await reviewSession(client(), proposal);
    expect(budgets.map(({ mostText }) => mostText)).to.deep.equal([
      "35 USDC",
      "35 native coin",
      `35 token (${getAddress(liar.address)})`,
    ]);
  });

  it("is the same of the grant that was made of it", async () => {
    const grant = await grantOf(world());
    const review = await reviewSession(client(), grant);
    expect(review.budgets[0]?.mostText).to.equal("140 USDC");
    expect((await refusalOf(reviewSession(client(), { ...grant, chainId: 1 }))).code).to.equal("WRONG_CHAIN");
  });
});
