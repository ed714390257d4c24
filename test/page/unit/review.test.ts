import { ANYONE, type Budget, checkSession, type Session, safeSessionModuleAddress } from "@latchkey/sdk";
import { sessionExcess } from "@latchkey/sdk/handoff";
import { describeSession, type TokenFacts } from "@latchkey/sdk/review";
import { expect } from "chai";
import { type Address, getAddress, toFunctionSelector, toHex, zeroAddress } from "viem";
import { readAmount } from "#page/review/amountInput.ts";
import { amountWords } from "#page/review/amountWords.ts";
import { fromNow } from "#page/review/fromNow.ts";
import { lookAlikes } from "#page/review/lookAlikes.ts";
import { lowerSession } from "#page/review/lowerSession.ts";
import { momentInput, readMomentInput } from "#page/review/momentInput.ts";
import { periodWords } from "#page/review/periodWords.ts";
import { reviewWarnings } from "#page/review/reviewWarnings.ts";
import { unenforcedWords } from "#page/review/unenforcedWords.ts";
import { warningWords } from "#page/review/warningWords.ts";

const address = (n: number): Address => getAddress(toHex(n, { size: 20 }));
const [token, shop, other, target] = [address(0x70), address(0x71), address(0x72), address(0x73)];
const DAY = 86_400;
const START = 1_800_000_000;
const USD = 1_000_000n;

const budget = (changes: Partial<Budget> = {}): Budget => ({
  token,
  perTransaction: USD,
  perPeriod: 20n * USD,
  period: DAY,
  initial: 0n,
  perSecond: 0n,
  signatures: 1,
  sizes: 5,
  recipients: [shop, other],
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
const describe1 = (one: Session, tokens: readonly TokenFacts[] = [facts]) =>
  describeSession(
    { chainId: 31337, module: safeSessionModuleAddress(), accountKind: "safe", session: one },
    tokens,
  );
const codesOf = (one: Session, tokens?: readonly TokenFacts[]) =>
  reviewWarnings(describe1(one, tokens), START).map(({ code }) => code);

describe("Lowering a request", () => {
  it("changes nothing if the user lowers nothing", () => {
    expect(lowerSession(session(), {})).to.deep.equal(session());
  });

  it("gives a valid session within the request", () => {
    const asked = session({ actions: [{ target, selector: "0x12345678", rules: [] }] });
    const lowered = lowerSession(asked, {
      until: START + DAY,
      withoutActions: [0],
      budgets: { 0: { perTransaction: 250_000n, perPeriod: USD, without: [other] } },
    });
    expect(sessionExcess(lowered, asked)).to.deep.equal([]);
    checkSession(lowered);
    expect(lowered.validUntil).to.equal(START + DAY);
    expect(lowered.actions).to.deep.equal([]);
    expect(lowered.budgets[0]).to.include({ perTransaction: 250_000n, perPeriod: USD });
    expect(lowered.budgets[0]?.recipients).to.deep.equal([shop]);
  });

  it("lowers the per-payment limit with the period's", () => {
    const lowered = lowerSession(session(), { budgets: { 0: { perPeriod: 400_000n } } });
    expect(lowered.budgets[0]).to.include({ perTransaction: 400_000n, perPeriod: 400_000n });
    checkSession(lowered);
  });

  it("disables payments by signature if a period would have 2^32 lots", () => {
    const asked = session({ budgets: [budget({ perPeriod: 10n * 2n ** 32n, signatures: 1, sizes: 1 })] });
    const sizes = (perTransaction: bigint) => {
      const lowered = lowerSession(asked, { budgets: { 0: { perTransaction } } });
      checkSession(lowered);
      return lowered.budgets[0]?.sizes;
    };
    expect([11n, 10n, 1n].map(sizes)).to.deep.equal([1, 0, 0]);
  });

  it("removes slot sizes that would be worth zero, and no others", () => {
    const sizes = (perTransaction: bigint) =>
      lowerSession(session(), { budgets: { 0: { perTransaction } } }).budgets[0]?.sizes;
    expect(sizes(1n)).to.equal(1);
    expect(sizes(15n)).to.equal(2);
    expect(sizes(16n)).to.equal(3);
    expect(sizes(256n)).to.equal(5);
    expect(sizes(255n)).to.equal(4);
  });

  it("keeps sizes of payments by Permit2, which are halves, as far as they are worth something", () => {
    const sizes = (perTransaction: bigint) => {
      const requested = session({ budgets: [budget({ signatures: 6, sizes: 8 })] });
      const lowered = lowerSession(requested, { budgets: { 0: { perTransaction } } });
      expect(sessionExcess(lowered, requested)).to.deep.equal([]);
      return lowered.budgets[0]?.sizes;
    };
    expect([1n, 2n, 15n, 16n, 127n, 128n, 256n].map(sizes)).to.deep.equal([1, 2, 4, 5, 7, 8, 8]);
  });

  it("lowers a stream's initial amount with its maximum", () => {
    const stream = budget({ signatures: 0, sizes: 0, initial: 5n * USD, perSecond: 10n });
    const lowered = lowerSession(session({ budgets: [stream] }), { budgets: { 0: { perPeriod: 2n * USD } } });
    expect(lowered.budgets[0]).to.include({ initial: 2n * USD, perSecond: 10n });
    checkSession(lowered);
  });

  it("disables the signature rail on accounts that cannot use it", () => {
    const lowered = lowerSession(session(), {}, false);
    expect(lowered.budgets[0]).to.include({ signatures: 0, sizes: 0 });
    expect(sessionExcess(lowered, session())).to.deep.equal([]);
  });

  it("does not hide a raise: the SDK's own rule finds values above the request", () => {
    const raised = lowerSession(session(), {
      until: START + 8 * DAY,
      budgets: { 0: { perPeriod: 21n * USD } },
    });
    expect(sessionExcess(raised, session()).map(({ path }) => path)).to.have.members([
      "validUntil",
      "budgets[0].perPeriod",
    ]);
  });
});

describe("An amount typed by the user", () => {
  const read = (text: string) => readAmount(text, 6, 20n * USD);
  it("may have a decimal point or comma, and a leading dollar sign", () => {
    expect(read("2.50")).to.deep.equal({ amount: 2_500_000n });
    expect(read(" 2,5 ")).to.deep.equal({ amount: 2_500_000n });
    expect(read("$20")).to.deep.equal({ amount: 20n * USD });
  });
  it("must not exceed the request by any amount", () => {
    expect(read("20").error).to.equal(undefined);
    expect(read("20.000001").error).to.match(/Enter at most 20. Limits can be lowered, not raised/);
  });
  for (const text of ["", "0", "-1", "1e3", "0x10", "1.0000001", "1,250.50", "1.250,50", "two", "٣", "1 000"])
    it(`is refused as ${JSON.stringify(text)}`, () => {
      expect(read(text).amount).to.equal(undefined);
      expect(read(text).error).to.be.a("string").that.is.not.empty;
    });
});

describe("Amounts in the review", () => {
  it("are in dollars only for USDC that the page vouches for", () => {
    expect(amountWords(1_500_000n, facts)).to.deep.equal({ main: "$1.50", beside: "1.50 USDC" });
    expect(amountWords(20n * USD, facts).main).to.equal("$20.00");
    expect(amountWords(1_000_000_000n * USD, facts).main).to.equal("$1,000,000,000.00");
    expect(amountWords(1_500_000n, { ...facts, known: false })).to.deep.equal({
      main: "1.5 USDC",
      beside: undefined,
    });
    expect(amountWords(10n ** 17n, { ...facts, symbol: "ETH", decimals: 18 }).main).to.equal("0.1 ETH");
  });
  it("are never rounded", () => {
    expect(amountWords(1n, facts).main).to.equal("$0.000001");
    expect(amountWords(999_999n, facts).main).to.equal("$0.999999");
  });
});

describe("Periods in the review", () => {
  it("are shown exactly", () => {
    expect(periodWords(DAY)).to.deep.equal({ each: "Each day", every: "every day" });
    expect(periodWords(7 * DAY).each).to.equal("Each week");
    expect(periodWords(5400).each).to.equal("Each 90 minutes");
    expect(periodWords(DAY + 1).each).to.equal("Each 1 day 1 second");
    expect(periodWords(603_217).every).to.equal("every 6 days 23 hours 33 minutes 37 seconds");
  });

  it("that last as long as the session are shown as a limit in all", () => {
    for (const seconds of [603_217, 603_218])
      expect(periodWords(seconds, 603_217)).to.deep.equal({ each: "In all", every: "in all" });
    expect(periodWords(DAY, DAY + 1).every).to.equal("every day");
  });
  it("count from now, not from a start long ago", () => {
    const [review] = describe1(session()).budgets;
    if (!review) throw new Error("no budget");
    const window = { validAfter: START, validUntil: START + 7 * DAY };
    expect(fromNow(review, window, START)).to.deep.equal({
      periods: 7n,
      most: 140n * USD,
      nextReset: START + DAY,
    });
    expect(fromNow(review, window, START + 2 * DAY - 1).nextReset).to.equal(START + 2 * DAY);
    expect(fromNow(review, window, START + 2 * DAY)).to.deep.equal({
      periods: 5n,
      most: 100n * USD,
      nextReset: START + 3 * DAY,
    });
    expect(fromNow(review, window, START + 6 * DAY + 1)).to.deep.equal({
      periods: 1n,
      most: 20n * USD,
      nextReset: undefined,
    });
    expect(fromNow(review, window, START - 10 * DAY).periods).to.equal(7n);
  });
});

describe("Addresses that look alike", () => {
  const like = getAddress("0x1234000000000000000000000000000000005678");
  const twin = getAddress("0x1234ffffffffffffffffffffffffffffffff5678");
  it("are found by their first and last four characters, ignoring case", () => {
    expect(lookAlikes([like, shop, twin.toLowerCase() as Address])).to.deep.equal([
      [like, twin.toLowerCase()],
    ]);
  });
  it("are not found if an address is repeated, or only one end matches", () => {
    expect(lookAlikes([like, like.toLowerCase() as Address])).to.deep.equal([]);
    const begins = getAddress("0x123400000000000000000000000000000000567f");
    const ends = getAddress("0x1235000000000000000000000000000000005678");
    expect(lookAlikes([like, begins, ends])).to.deep.equal([]);
  });
});

describe("The review's warnings", () => {
  it("are empty for a modest session with named payees", () => {
    expect(codesOf(session())).to.deep.equal([]);
  });
  it("name ineffective limits, even if only the total is ineffective", () => {
    const most = 2n ** 128n - 1n;
    expect(codesOf(session({ budgets: [budget({ perPeriod: most })] }))).to.deep.equal(["UNLIMITED"]);
    const aSecond = budget({ perPeriod: 10_000n * USD, period: 1 });
    expect(codesOf(session({ budgets: [aSecond] }))).to.deep.equal(["UNLIMITED"]);
  });
  it("name distant ends", () => {
    expect(codesOf(session({ validUntil: 2 ** 47 - 1 }))).to.include("NEVER_ENDING");
    expect(codesOf(session({ validUntil: START + 400 * DAY }))).to.deep.equal(["NEVER_ENDING"]);
    expect(codesOf(session({ validUntil: START + 100 * DAY }))).to.deep.equal(["LONG"]);
  });
  it("name unknown tokens, payments to anyone, and calls", () => {
    expect(codesOf(session(), [{ ...facts, known: false }])).to.deep.equal(["UNKNOWN_TOKEN"]);
    expect(codesOf(session({ budgets: [budget({ recipients: [ANYONE] })] }))).to.deep.equal(["ANYONE"]);
    const action = { target, selector: "0x12345678" as const, rules: [] };
    expect(codesOf(session({ actions: [action] }))).to.deep.equal(["ANY_ARGUMENTS"]);
    const ruled = { ...action, rules: [{ offset: 4, op: 0, value: toHex(1, { size: 32 }) }] };
    expect(codesOf(session({ actions: [ruled] }))).to.deep.equal(["CALLS"]);
  });
  it("are strong if money can be lost without a limit", () => {
    expect(warningWords({ code: "UNLIMITED", symbols: ["USDC"] }).tone).to.equal("strong");
    expect(warningWords({ code: "NEVER_ENDING", years: 2 }).tone).to.equal("strong");
    for (const rules of [[], [{ offset: 4, op: 0, value: toHex(1, { size: 32 }) }]]) {
      const action = { target, selector: "0x12345678" as const, rules };
      const [warning] = reviewWarnings(describe1(session({ budgets: [], actions: [action] })), START);
      if (!warning) throw new Error("there is no warning");
      expect(warningWords(warning).tone).to.equal("strong");
    }
  });
});

describe("A call whose conditions can be bypassed", () => {
  const textOf = (offset: number) => {
    const rules = [{ offset, op: 0, value: toHex(1, { size: 32 }) }];
    const action = { target, selector: "0x12345678" as const, rules };
    const review = describe1(session({ actions: [action] }));
    const words = review.notEnforced.map(({ code }) => unenforcedWords[code]);
    const [text] = reviewWarnings(review, START).map((warning) => warningWords(warning).text);
    return [text, ...words].join(" ");
  };
  it("is reported in the warning and in what the chain does not limit", () => {
    expect(textOf(36)).to.match(/Some can be bypassed.*the agent can bypass them/);
  });
  it("is not reported if its conditions are on the first value", () => {
    expect(textOf(4)).not.to.match(/bypass/);
  });
});

describe("A call's description", () => {
  const word = (value: bigint | Address) => toHex(BigInt(value), { size: 32 });
  const titleOf = (
    form: string,
    rules: { offset: number; op: number; value: bigint | Address }[] = [],
    vouched: readonly TokenFacts[] = [],
  ) => {
    const action = {
      target,
      selector: toFunctionSelector(form),
      rules: rules.map((rule) => ({ ...rule, value: word(rule.value) })),
    };
    const warnings = reviewWarnings(describe1(session({ actions: [action] })), START, vouched);
    expect(warnings).to.have.length(1);
    return warnings.map((warning) => warningWords(warning).title).join();
  };
  const usdc = { ...facts, token: target };

  it("says that money can go to anyone, in any amount", () => {
    const transfer = "transfer(address,uint256)";
    expect(titleOf(transfer)).to.equal("It can send this token to anyone, in any amount.");
    expect(titleOf(transfer, [], [usdc])).to.equal("It can send USDC to anyone, in any amount.");
    expect(titleOf("transferFrom(address,address,uint256)", [{ offset: 4, op: 0, value: shop }])).to.equal(
      "It can send this token to anyone, in any amount.",
    );
    for (const form of [
      "approve(address,uint256)",
      "increaseAllowance(address,uint256)",
      "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)",
    ])
      expect(titleOf(form), form).to.equal("It can approve anyone to spend this token, in any amount.");
  });
  it("includes a single recipient or a maximum set by the rules", () => {
    const transfer = "transfer(address,uint256)";
    const [to, most] = [
      { offset: 4, op: 0, value: shop },
      { offset: 36, op: 3, value: 5n * USD },
    ];
    expect(titleOf(transfer, [to])).to.equal(`It can send this token to ${shop}, in any amount.`);
    expect(titleOf(transfer, [to, most], [usdc])).to.equal(
      `It can send USDC to ${shop}, at most 5 USDC each time.`,
    );
    expect(titleOf(transfer, [{ ...most, op: 2 }])).to.equal(
      "It can send this token to anyone, at most 4,999,999 base units each time.",
    );
    const from = "transferFrom(address,address,uint256)";
    expect(titleOf(from, [{ ...to, offset: 36 }])).to.include(`to ${shop}, in any amount`);
  });
  it("ignores rules that fix neither: always true, a minimum, another word", () => {
    for (const rule of [
      { offset: 36, op: 5, value: 0n },
      { offset: 36, op: 3, value: 2n ** 256n - 1n },
      { offset: 36, op: 3, value: 2n ** 200n },
      { offset: 36, op: 1, value: 7n },
      { offset: 36, op: 4, value: 7n },
      { offset: 4, op: 1, value: shop },
      { offset: 4, op: 3, value: shop },
      { offset: 68, op: 0, value: 1n },
    ])
      expect(titleOf("transfer(address,uint256)", [rule]), JSON.stringify(rule.op)).to.equal(
        "It can send this token to anyone, in any amount.",
      );
  });
  it("describes NFT transfers and nested calls", () => {
    expect(titleOf("setApprovalForAll(address,bool)")).to.equal(
      "It can approve anyone to take all your NFTs of this contract, or this token.",
    );
    expect(titleOf("safeTransferFrom(address,address,uint256)")).to.equal(
      "It can send NFTs of this contract to anyone.",
    );
    for (const form of ["execute(address,uint256,bytes)", "multicall(bytes[])", "multiSend(bytes)"])
      expect(titleOf(form), form).to.equal("It can make this contract execute any other calls.");
  });
  it("says that an unknown call can do more than pay", () => {
    expect(titleOf("doSomething()")).to.equal("It can call another contract with any arguments.");
    expect(titleOf("doSomething()", [{ offset: 4, op: 0, value: 1n }])).to.match(/^It can do more than pay/);
  });
  it("is one of each call", () => {
    const action = { target, selector: "0x12345678" as const, rules: [] };
    expect(codesOf(session({ actions: [action, { ...action, selector: "0x12345679" }] }))).to.have.length(2);
  });
});

describe("The field for the end", () => {
  it("returns the minute it was given, in the device's local time", () => {
    const minute = Math.floor(START / 60) * 60;
    expect(readMomentInput(momentInput(minute))).to.equal(minute);
    expect(momentInput(minute + 59)).to.equal(momentInput(minute));
  });
  it("may be empty or invalid", () => {
    expect(readMomentInput("")).to.equal(undefined);
    expect(readMomentInput("soon")).to.equal(undefined);
  });
});
