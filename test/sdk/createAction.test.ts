import { type Action, type ActionRequest, createAction, isRefusal } from "@latchkey/sdk";
import { expect } from "chai";
import { type AbiFunction, encodeFunctionData, type Hex, parseAbiItem, slice, toHex } from "viem";

const target = "0x00000000000000000000000000000000000000a1";
const alice = "0x00000000000000000000000000000000000000a2";
const bob = "0x00000000000000000000000000000000000000a3";

/** What the chain does with an action, by the design's rule. */
function passes(action: Action, calldata: Hex): boolean {
  if (slice(calldata, 0, 4) !== action.selector) return false;
  return action.rules.every(({ offset, op, value }) => {
    const word = BigInt(slice(calldata, offset, offset + 32));
    const other = BigInt(value);
    return [word === other, word !== other, word < other, word <= other, word > other, word >= other][op];
  });
}

/** Calldata with another word in it. */
const withWord = (data: Hex, offset: number, word: bigint): Hex => {
  const at = 2 + 2 * offset;
  return `0x${data.slice(2, at)}${toHex(word, { size: 32 }).slice(2)}${data.slice(at + 64)}`;
};

const create = (described: string, where: ActionRequest["where"]) =>
  createAction({ target, function: described, where }, "action");
const encode = (described: string, args: readonly unknown[]) => {
  const item = parseAbiItem(`function ${described}` as string) as AbiFunction;
  return encodeFunctionData({ abi: [item], functionName: item.name, args });
};
const codeOf = (attempt: () => unknown) => {
  try {
    attempt();
  } catch (error) {
    if (isRefusal(error)) return error.code;
    throw error;
  }
  return undefined;
};

describe("an action made of what people say", () => {
  const deposit = "deposit(uint256 amount, address to)";

  it("holds the arguments to its conditions", () => {
    const action = create(deposit, [
      { argument: "amount", lte: 100n },
      { argument: "to", eq: alice },
    ]);
    expect(passes(action, encode(deposit, [100n, alice]))).to.equal(true);
    expect(passes(action, encode(deposit, [101n, alice]))).to.equal(false);
    expect(passes(action, encode(deposit, [100n, bob]))).to.equal(false);
    expect(passes(action, encode("deposit(uint256,uint256)", [1n, BigInt(alice)]))).to.equal(false);
  });

  it("understands a function of an ABI, a signature with or without its keyword, and arguments by place", () => {
    const item = parseAbiItem("function deposit(uint256 amount, address to)");
    const where = [{ argument: "1", eq: alice }] as const;
    const actions = [item, "function deposit(uint256, address)", "deposit(uint256,address)"].map(
      (described) => createAction({ target, function: described, where }, "action"),
    );
    expect(actions[1]).to.deep.equal(actions[0]);
    expect(actions[2]).to.deep.equal(actions[0]);
    expect(actions[0]?.rules[0]?.offset).to.equal(36);
  });

  it("finds members of structs and lists of fixed size, and what comes after them", () => {
    const swap =
      "swap((address from, uint256[2] amounts, (bool exact, bytes4 kind) how) params, bytes extra, uint8 last)";
    const args = [
      { from: alice, amounts: [5n, 6n], how: { exact: true, kind: "0x11223344" } },
      "0x99",
      7,
    ] as const;
    const data = encode(swap, args);
    const conditions = [
      { argument: "params.from", eq: alice },
      { argument: "params.amounts.0", eq: 5n },
      { argument: "params.amounts.1", eq: 6n },
      { argument: "params.how.exact", eq: true },
      { argument: "params.how.kind", eq: "0x11223344" },
      { argument: "last", eq: 7 },
    ] as const;
    for (const condition of conditions) {
      const action = create(swap, [condition]);
      expect(passes(action, data), condition.argument).to.equal(true);
      const { offset } = action.rules[0] as { offset: number };
      expect(passes(action, withWord(data, offset, 99n)), `${condition.argument}, changed`).to.equal(false);
    }
  });

  for (const [name, condition] of Object.entries({
    ne: { argument: "to", ne: bob },
    "ne of a flag": { argument: "flag", ne: false },
    gt: { argument: "small", gt: 5n },
    gte: { argument: "small", gte: 5n },
  } as const))
    it(`lets no dirty upper bits slip past ${name}`, () => {
      const described = "act(address to, bool flag, uint64 small)";
      const action = create(described, [condition]);
      const good = encode(described, [alice, true, 6n]);
      expect(passes(action, good)).to.equal(true);
      const { offset } = action.rules[0] as { offset: number };
      // What an old contract, which masks the upper bits away, reads as bob, false and 0.
      const masked = { to: BigInt(bob), flag: 0n, small: 0n }[condition.argument];
      expect(passes(action, withWord(good, offset, (1n << 255n) | masked))).to.equal(false);
    });

  it("compares signed numbers for equality only", () => {
    const described = "move(int24 tick)";
    const action = create(described, [{ argument: "tick", eq: -5 }]);
    expect(passes(action, encode(described, [-5]))).to.equal(true);
    expect(passes(action, encode(described, [5]))).to.equal(false);
    for (const where of [[{ argument: "tick", lt: 5 }], [{ argument: "tick", ne: 5 }]] as const)
      expect(codeOf(() => create(described, where))).to.equal("INVALID_ACTION");
  });

  it("says why an argument without a fixed place cannot be compared, and what to do", () => {
    const attempt = () =>
      create("exactInput((bytes path, address to) params)", [{ argument: "params.to", eq: alice }]);
    expect(attempt).to.throw("could be bypassed. Compare arguments of fixed size, or omit the function.");
  });

  it("holds arguments behind a dynamic one that stand in the head, wherever its offset leads", () => {
    const swap = "swap(uint256 amount, address[] path, address to)";
    const action = create(swap, [{ argument: "to", eq: alice }]);
    const theft = encode(swap, [1n, [alice, alice, alice], bob]);
    // The list's offset leads elsewhere; the word that is compared stays the one that is read.
    expect(passes(action, withWord(theft, 36, 32n))).to.equal(false);
    expect(passes(action, encode(swap, [1n, [bob], alice]))).to.equal(true);
  });

  it("allows any arguments only if these words stand there", () => {
    expect(create(deposit, "any arguments").rules).to.deep.equal([]);
    for (const where of [undefined, [], "all"])
      expect(codeOf(() => create(deposit, where as ActionRequest["where"]))).to.equal("INVALID_ACTION");
  });

  for (const [name, [described, where]] of Object.entries<[string, unknown]>({
    "no such function": ["deposit(", [{ argument: "amount", eq: 1n }]],
    "no such argument": [deposit, [{ argument: "price", eq: 1n }]],
    "an argument without a fixed place": ["act(bytes bytes_)", [{ argument: "bytes_", eq: "0x11" }]],
    "a string": ["act(string s)", [{ argument: "s", eq: "0x11" }]],
    "an element of a list": ["act(uint256[] list)", [{ argument: "list.0", eq: 1n }]],
    "an element of a list of fixed length, of lists": ["act(uint256[][2] l)", [{ argument: "l.0", eq: 1n }]],
    "an element of that element": ["act(uint256[][2] l)", [{ argument: "l.0.0", eq: 1n }]],
    "a member of a struct beside bytes": [
      "exactInput((bytes path, address recipient) params)",
      [{ argument: "params.recipient", eq: alice }],
    ],
    "a member of a struct in a list": ["act((address to)[] list)", [{ argument: "list.0.to", eq: alice }]],
    "a member of a struct with a struct of bytes": [
      "act((address to, (bytes b) inner) s)",
      [{ argument: "s.to", eq: alice }],
    ],
    "a whole struct": ["act((uint256 a, uint256 b) s)", [{ argument: "s", eq: 1n }]],
    "a struct with a list in it": ["act((uint256 a, uint256[] b) s)", [{ argument: "s.a", eq: 1n }]],
    "no comparison": [deposit, [{ argument: "amount" }]],
    "two comparisons": [deposit, [{ argument: "amount", gt: 1n, lt: 5n }]],
    "a value of another type": [deposit, [{ argument: "to", eq: 5n }]],
    "a number that does not fit": ["act(uint8 n)", [{ argument: "n", eq: 256 }]],
    "a negative number": [deposit, [{ argument: "amount", lte: -1n }]],
    "a fraction": [deposit, [{ argument: "amount", lte: 1.5 }]],
    "an order of addresses": [deposit, [{ argument: "to", gt: alice }]],
    "ne of bytes that leave room beside them": ["act(bytes4 b)", [{ argument: "b", ne: "0x11223344" }]],
    "bytes of another length": ["act(bytes4 b)", [{ argument: "b", eq: "0x1122" }]],
    "more rules than an action holds": [
      deposit,
      Array.from({ length: 9 }, () => ({ argument: "amount", eq: 1n })),
    ],
  }))
    it(`is refused for ${name}`, () => {
      expect(codeOf(() => create(described, where as ActionRequest["where"]))).to.equal("INVALID_ACTION");
    });
});
