import {
  type Action,
  ANYONE,
  type Budget,
  erc7579SessionModuleAddress,
  isRefusal,
  type Session,
} from "@latchkey/sdk";
import { type HandoffRequest, parseHandoffAnswer } from "@latchkey/sdk/handoff";
import { expect } from "chai";
import { type Address, encodeFunctionData, erc20Abi, type Hex, parseAbi, zeroAddress } from "viem";
import { account, agent, changed, END, fullAnswer, fullRequest, NOW, router, shop } from "./requests.ts";

type Answer = ReturnType<typeof fullAnswer>;
/** As files and callbacks carry it: a copy made by spreading has lost what makes its bigints strings. */
const json = (value: unknown, _?: undefined, space?: number) =>
  JSON.stringify(value, (_, one) => (typeof one === "bigint" ? String(one) : one), space);
const read = (answer: unknown, request: HandoffRequest = fullRequest) =>
  parseHandoffAnswer(typeof answer === "string" ? answer : json(answer), request);

/** Why an answer is refused; fails where it is taken. */
function refusalOf(answer: unknown, request?: HandoffRequest) {
  try {
    read(answer, request);
  } catch (error) {
    if (isRefusal(error, "INVALID_ANSWER")) return error;
    throw error;
  }
  throw new Error("it was taken");
}

/** The full answer with another session in it. */
const withSession = (part: Partial<Session>): Answer => ({
  ...fullAnswer(),
  grant: { ...fullAnswer().grant, session: { ...fullAnswer().grant.session, ...part } },
});
const [dollars, stream] = fullAnswer().grant.session.budgets as [Budget, Budget];
const withDollars = (part: Partial<Budget>) => withSession({ budgets: [{ ...dollars, ...part }, stream] });

const factoryAbi = parseAbi([
  "function createProxyWithNonce(address singleton, bytes initializer, uint256 saltNonce) returns (address proxy)",
]);
const executionAbi = parseAbi([
  "function execTransaction(address to, uint256 value, bytes data, uint8 operation, uint256 safeTxGas, uint256 baseGas, uint256 gasPrice, address gasToken, address refundReceiver, bytes signatures) payable returns (bool success)",
]);
const creation: Hex = encodeFunctionData({ abi: factoryAbi, args: [router, "0x1234", 0n] });
const execution: Hex = encodeFunctionData({
  abi: executionAbi,
  args: [router, 0n, "0x", 1, 0n, 0n, 0n, zeroAddress, zeroAddress, "0x1234"],
});
const factory: Address = "0x4e1DCf7AD4e460CfD30791CCC4F9c8a4f820ec67";
const withTransaction = (to: Address, data: Hex): Answer => ({
  ...fullAnswer(),
  transactions: [{ to, data, value: "0x0" }],
});

describe("the answer to a request", () => {
  it("is read, if it grants what was asked for", () => {
    expect(read(fullAnswer())).to.deep.equal(fullAnswer());
    expect(read(` ${json(fullAnswer(), undefined, 2)}\n`)).to.deep.equal(fullAnswer());
  });

  it("is read, if it grants less", () => {
    const less = withDollars({ perPeriod: 2_000_000n, recipients: [shop] });
    expect(read(less)).to.deep.equal(less);
  });

  it("is read, if it declines", () => {
    const no = { version: 1, nonce: fullRequest.nonce, status: "declined" };
    expect(read(no)).to.deep.equal(no);
  });

  it("may carry the creation of a Safe, and executions of the account", () => {
    const answer: Answer = {
      ...fullAnswer(),
      transactions: [
        { to: factory, data: creation, value: "0x0" },
        { to: account, data: execution, value: "0x0" },
      ],
    };
    expect(read(answer)).to.deep.equal(answer);
  });

  const grant = fullAnswer().grant;
  const action = grant.session.actions[0] as Action;
  const others: Record<string, [unknown, RegExp]> = {
    "not JSON": ["granted", /not valid JSON/],
    nothing: ["", /not valid JSON/],
    null: ["null", /malformed/],
    "200 kB": [`{"a":"${"a".repeat(200_000)}"}`, /too long/],
    "two members of one name": [
      json(fullAnswer()).replace('"version":1', '"version":1,"status":"declined"'),
      /the same name/,
    ],
    "a member of the grant twice": [
      json(fullAnswer()).replace('"perPeriod"', '"perPeriod":"1","perPeriod"'),
      /the same name/,
    ],
    "a member that no answer has": [{ ...fullAnswer(), privateKey: "0x1" }, /malformed/],
    "another version": [{ ...fullAnswer(), version: 2 }, /malformed/],
    "another status": [{ ...fullAnswer(), status: "maybe" }, /malformed/],
    "no nonce": [{ ...fullAnswer(), nonce: undefined }, /malformed/],
    "another nonce": [{ ...fullAnswer(), nonce: `0x${"11".repeat(16)}` }, /another request/],
    "another nonce in a no": [
      { version: 1, nonce: `0x${"11".repeat(16)}`, status: "declined" },
      /another request/,
    ],
    "no grant": [{ ...fullAnswer(), grant: null }, /grant cannot be read/],
    "a grant of another version": [
      { ...fullAnswer(), grant: { ...grant, version: 2 } },
      /grant cannot be read/,
    ],
    "another chain": [{ ...fullAnswer(), grant: { ...grant, chainId: 1 } }, /chain 1;/],
    "another module": [{ ...fullAnswer(), grant: { ...grant, module: shop } }, /module/],
    "another key": [withSession({ key: shop }), /another key/],
    "the end a second later": [withSession({ validUntil: END + 1 }), /more than was requested/],
    "a start when all is over": [
      withSession({ validAfter: END, validUntil: END + 1 }),
      /not for a requested session/,
    ],
    "more gas": [withSession({ gasAllowance: 1001n }), /more than was requested/],
    "any paymaster": [withSession({ paymaster: ANYONE }), /more than was requested/],
    "more each time": [withDollars({ perTransaction: 1000001n }), /more than was requested/],
    "more each period": [withDollars({ perPeriod: 20000001n }), /more than was requested/],
    "a shorter period": [withDollars({ period: 3600 }), /more than was requested/],
    "a slot size more": [withDollars({ signatures: 1, sizes: 6 }), /more than was requested/],
    "another recipient": [withDollars({ recipients: [router] }), /more than was requested/],
    anyone: [withDollars({ recipients: [ANYONE] }), /more than was requested/],
    "another token": [withDollars({ token: shop }), /more than was requested/],
    "a stream all at once": [
      withSession({ budgets: [dollars, { ...stream, initial: 0n, perSecond: 0n }] }),
      /more than was requested/,
    ],
    "another call": [
      withSession({ actions: [{ ...action, selector: "0xdeadbeef" }] }),
      /more than was requested/,
    ],
    "a call without its rule": [
      withSession({ actions: [{ ...action, rules: [] }] }),
      /more than was requested/,
    ],
    "a call more": [
      withSession({ actions: [action, { ...action, target: shop }] }),
      /more than was requested/,
    ],
    "a factory that is not Safe's": [withTransaction(router, creation), /neither creates/],
    "another account's execution": [withTransaction(router, execution), /neither creates/],
    "a call of the module in the agent's name": [
      withTransaction(grant.module, "0x12345678"),
      /neither creates/,
    ],
    "a transfer of the agent's own tokens": [
      withTransaction(
        account,
        encodeFunctionData({ abi: erc20Abi, functionName: "transfer", args: [shop, 1n] }),
      ),
      /neither creates/,
    ],
    "a plain payment to the account": [withTransaction(account, "0x"), /neither creates/],
    "half a byte": [withTransaction(account, `${execution}0`), /malformed/],
    "a transaction with value": [
      { ...fullAnswer(), transactions: [{ to: account, data: execution, value: "0x1" }] },
      /malformed/,
    ],
    "five transactions": [
      { ...fullAnswer(), transactions: Array(5).fill({ to: account, data: execution, value: "0x0" }) },
      /malformed/,
    ],
    "a Safe's execution for another kind of account": [
      {
        ...withTransaction(account, execution),
        grant: { ...grant, accountKind: "nexus", module: erc7579SessionModuleAddress() },
      },
      /neither creates/,
    ],
  };
  for (const [what, [answer, reason]] of Object.entries(others))
    it(`is refused: ${what}`, () => {
      expect(refusalOf(answer).shortMessage).to.match(reason);
    });

  it("is refused, if it is for another account than the requested one", () => {
    const named = changed(fullRequest, ({ permissions: [one] }) => one && Object.assign(one, { from: shop }));
    expect(refusalOf(fullAnswer(), named).shortMessage).to.match(/not for a requested session/);
    expect(() =>
      read(
        fullAnswer(),
        changed(named, ({ permissions: [one] }) => one && Object.assign(one, { from: account })),
      ),
    ).not.to.throw();
  });

  it("is refused, if it grants less although the request allows no changes", () => {
    const fixed = changed(
      fullRequest,
      ({ permissions: [one] }) => one && Object.assign(one.permission, { isAdjustmentAllowed: false }),
    );
    expect(() => read(fullAnswer(), fixed)).not.to.throw();
    expect(refusalOf(withDollars({ perPeriod: 19000000n }), fixed).shortMessage).to.match(
      /less than was requested/,
    );
    expect(refusalOf(withSession({ validUntil: END - 1 }), fixed).shortMessage).to.match(
      /less than was requested/,
    );
  });

  it("is refused, if it starts earlier than the requested start", () => {
    const from = NOW + 60;
    const later: HandoffRequest = {
      ...fullRequest,
      permissions: [
        {
          ...(fullRequest.permissions[0] as HandoffRequest["permissions"][number]),
          permission: {
            type: "native-token-allowance",
            isAdjustmentAllowed: true,
            data: { allowanceAmount: "0x64", startTime: from },
          },
        },
      ],
    };
    const answer = fullAnswer(later);
    expect(() => read(answer, later)).not.to.throw();
    const sooner = changed(answer, ({ grant: { session } }) =>
      Object.assign(session, { validAfter: from - 1 }),
    );
    expect(refusalOf(sooner, later).details.faults).to.deep.equal([
      "validAfter: It starts earlier than requested.",
    ]);
  });

  it("may be of a module that the agent names", () => {
    const own = { ...fullAnswer(), grant: { ...grant, module: router } };
    // The router is called by the session, so it cannot be its module.
    const idle = { ...own, grant: { ...own.grant, session: { ...own.grant.session, actions: [] } } };
    expect(parseHandoffAnswer(json(idle), fullRequest, { modules: [router] })).to.deep.equal(idle);
    expect(() => parseHandoffAnswer(json(fullAnswer()), fullRequest, { modules: [router] })).to.throw(
      /module/,
    );
  });

  it("is for the key that asked", () => {
    expect(fullAnswer().grant.session.key).to.equal(agent);
  });
});
