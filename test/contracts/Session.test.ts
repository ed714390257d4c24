import { expect } from "chai";
import { concat, getAddress, type Hex, hashStruct, pad, size, toHex, zeroAddress } from "viem";
import {
  ANYONE,
  act,
  actAction,
  alice,
  bob,
  budget,
  budgetOf,
  chain,
  DAY,
  digestIn,
  enable,
  encode,
  execute,
  grantDigest,
  grantOf,
  idOf,
  key,
  MAX_UINT128,
  MODULE,
  mallory,
  nativeBudget,
  pay,
  refused,
  revertOf,
  type Session,
  session,
  sessionTypes,
  signAsSafe,
  stateOf,
  stranger,
  T0,
  USD,
  useChain,
} from "./fixture.ts";
import { SESSION_WORDS, withWord, wordOf } from "./words.ts";

/** The order of `enum Flaw`. */
const FLAWS = [
  "ENCODING",
  "PARTIES",
  "WINDOW",
  "WIDTH",
  "TOKEN",
  "LIMITS",
  "STREAM",
  "SLOTS",
  "RECIPIENTS",
  "TARGET",
  "OPERATOR",
] as const;
type FlawName = (typeof FLAWS)[number];
const flaw = (name: FlawName) => FLAWS.indexOf(name);

const numbered = (n: number) => getAddress(toHex(0xab0000 + n, { size: 20 }));
const many = <T>(n: number, make: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => make(i));
const rule = (changes = {}) => ({ offset: 4, op: 0, value: pad("0x01"), ...changes });
/** One budget with two recipients, one action with one rule: the shape of SESSION_WORDS. */
const shaped = () => session({ actions: [actAction({ rules: [rule()] })] });
const byAnyone = (data: Hex) => chain.call({ from: stranger.address, to: MODULE, data });

describe("a session", () => {
  useChain();

  describe("has as its id its EIP-712 struct hash, as viem computes it", () => {
    const full = (): Session =>
      session({
        account: numbered(1),
        key: numbered(2),
        validAfter: 2 ** 48 - 1,
        validUntil: 2 ** 48 - 2,
        epoch: 2n ** 64n - 1n,
        salt: 2n ** 256n - 1n,
        gasAllowance: MAX_UINT128,
        paymaster: ANYONE,
        budgets: many(8, (i) =>
          budget({
            token: numbered(i),
            perTransaction: MAX_UINT128 - BigInt(i),
            perPeriod: MAX_UINT128,
            period: 2 ** 32 - 1 - i,
            initial: BigInt(i),
            perSecond: MAX_UINT128 - 1n,
            signatures: 254 - i,
            sizes: 255 - i,
            recipients: many(32 - i, (r) => numbered(100 * i + r)),
          }),
        ),
        actions: many(32, (i) =>
          actAction({
            target: numbered(i),
            selector: toHex(i, { size: 4 }),
            rules: many(i % 9, (r) => rule({ offset: 65_535 - r, op: 255 - r, value: pad(toHex(r)) })),
          }),
        ),
      });
    const kinds: [string, () => Session][] = [
      ["with one budget", () => session()],
      ["with nothing in it", () => session({ budgets: [], actions: [] })],
      ["with one budget and one action with a rule", shaped],
      ["with a budget that has no recipient", () => session({ budgets: [budget({ recipients: [] })] })],
      ["as large as a session can be", full],
    ];
    for (const [kind, make] of kinds) {
      it(kind, async () => {
        const expected = hashStruct({ types: sessionTypes, primaryType: "Session", data: make() });
        expect(await idOf(make())).to.equal(expected);
        expect(await byAnyone(encode("grantDigest", [make()]))).to.equal(grantDigest(make()));
      });
    }

    it("whatever follows it in the calldata", async () => {
      const data = concat([encode("hashSession", [shaped()]), pad("0x1234")]);
      expect(await byAnyone(data)).to.equal(await idOf(shaped()));
    });

    for (const name of Object.keys(SESSION_WORDS) as (keyof typeof SESSION_WORDS)[]) {
      if (/Offset$|Length$/.test(name) && name !== "ruleOffset") continue;
      it(`which another ${name} changes`, async () => {
        const data = encode("hashSession", [shaped()]);
        const at = 1 + SESSION_WORDS[name];
        const other = await byAnyone(
          withWord(data, at, wordOf(data, at) ^ (name === "selector" ? 1n << 224n : 1n)),
        );
        expect(other).to.not.equal(await idOf(shaped()));
      });
    }

    it("in a domain of its own chain and module", async () => {
      const id = await idOf(session());
      expect(grantDigest(session())).to.equal(digestIn(id));
      expect(digestIn(id, { chainId: 8453 })).to.not.equal(digestIn(id));
    });
  });

  describe("that is not ABI-encoded as one is refused", () => {
    const encoding = (data: Hex) => refused(byAnyone(data), "MalformedSession", flaw("ENCODING"), 0);
    const offsets = [
      "budgetsOffset",
      "actionsOffset",
      "budgetOffset",
      "recipientsOffset",
      "actionOffset",
      "rulesOffset",
    ];
    for (const name of offsets as (keyof typeof SESSION_WORDS)[]) {
      for (const [kind, offset] of [
        ["past the end", 100_000n],
        ["of 2**32", 2n ** 32n],
        ["that wraps around", 2n ** 256n - 64n],
      ] as const) {
        it(`where its ${name} is one ${kind}`, () =>
          encoding(withWord(encode("hashSession", [shaped()]), 1 + SESSION_WORDS[name], offset)));
      }
    }
    for (const [name, most] of [
      ["budgetsLength", 8n],
      ["recipientsLength", 32n],
      ["actionsLength", 32n],
      ["rulesLength", 8n],
    ] as const) {
      it(`where its ${name} is above ${most}, is huge, or claims more than is there`, async () => {
        const at = 1 + SESSION_WORDS[name];
        // Zeros behind it, so that a longer list would lie within the calldata.
        const roomy = concat([encode("hashSession", [shaped()]), `0x${"00".repeat(64 * 1024)}`]);
        await encoding(withWord(roomy, at, most + 1n));
        await encoding(withWord(roomy, at, 2n ** 256n - 1n));
        await encoding(withWord(roomy, at, 2n ** 251n));
        await encoding(withWord(encode("hashSession", [shaped()]), at, most));
      });
    }
    it("where it has 9 budgets, 33 recipients, 33 actions or 9 rules, in good order", async () => {
      for (const changes of [
        { budgets: many(9, (i) => budget({ token: numbered(i) })) },
        { budgets: [budget({ recipients: many(33, numbered) })] },
        { actions: many(33, () => actAction()) },
        { actions: [actAction({ rules: many(9, () => rule()) })] },
      ])
        await encoding(encode("hashSession", [session(changes)]));
    });
    it("where an element stands before its list, at an offset that wraps around", async () => {
      // The list of budgets once more, behind everything, whose one element is the budget that stands before it.
      const data = encode("hashSession", [shaped()]);
      const end = (size(data) - 4) / 32;
      const listAt = withWord(data, 1 + SESSION_WORDS.budgetsOffset, BigInt(32 * (end - 1)));
      const budgetAt = 1 + SESSION_WORDS.token;
      const back = 2n ** 256n - BigInt(32 * (end + 1 - budgetAt));
      await encoding(concat([listAt, pad("0x01"), toHex(back)]));
      // The same at an offset that does not wrap is the same session.
      const copied = concat([listAt, pad("0x01"), pad("0x20"), `0x${data.slice(10 + 64 * budgetAt)}`]);
      expect(await byAnyone(copied)).to.equal(await idOf(shaped()));
    });
    it("where a struct of a list is cut short, though what is missing reads as zeros that would do", async () => {
      // No actions, and a list of one budget behind them, of which only the first word is there: token 0.
      const empty = encode("hashSession", [session({ budgets: [], actions: [] })]);
      const end = (size(empty) - 4) / 32;
      const listAt = withWord(empty, 1 + SESSION_WORDS.budgetsOffset, BigInt(32 * (end - 1)));
      await encoding(concat([listAt, pad("0x01"), pad("0x20"), pad("0x")]));
      const whole = concat([
        listAt,
        pad("0x01"),
        pad("0x20"),
        ...Array(8).fill(pad("0x")),
        pad(toHex(288)),
        pad("0x"),
      ]);
      expect(await byAnyone(whole as Hex)).to.match(/^0x[0-9a-f]{64}$/);
    });
    it("where its bytes end early, at whichever word", async () => {
      const data = encode("hashSession", [shaped()]);
      for (let words = 1; words < (size(data) - 4) / 32; ++words) {
        for (const cut of [data.slice(0, 10 + 64 * words), data.slice(0, 8 + 64 * words)]) {
          // Below the session's own words Solidity refuses before anything of ours runs.
          if (size(cut as Hex) < 4 + 352) expect(await revertOf(byAnyone(cut as Hex))).to.match(/^0x/);
          else await encoding(cut as Hex);
        }
      }
    });
  });

  describe("keeps its bounds", () => {
    type Case = [string, () => Partial<Session>, FlawName, number?];
    const withBudget = (changes: object) => () => ({ budgets: [nativeBudget(), budget(changes)] });
    const refusals: Case[] = [
      ["the key is 0", () => ({ key: zeroAddress }), "PARTIES"],
      ["the key is the account", () => ({ key: chain.safes["1.4.1"] }), "PARTIES"],
      ["the account is 0", () => ({ account: zeroAddress }), "PARTIES"],
      ["it ends when it begins", () => ({ validUntil: T0 }), "WINDOW"],
      ["it ends before it begins", () => ({ validUntil: T0 - 1 }), "WINDOW"],
      ["it ends in second 1", () => ({ validAfter: 0, validUntil: 1 }), "WINDOW"],
      ["it ends in 2**47", () => ({ validUntil: 2 ** 47 }), "WINDOW"],
      ["a token is the account", withBudget({ token: "account" }), "TOKEN", 1],
      ["a token is the module", withBudget({ token: MODULE }), "TOKEN", 1],
      ["a token has two budgets", () => ({ budgets: [budget(), budget()] }), "TOKEN", 1],
      ["perTransaction is 0", withBudget({ perTransaction: 0n, signatures: 0, sizes: 0 }), "LIMITS", 1],
      ["perTransaction is above perPeriod", withBudget({ perTransaction: 21n * USD }), "LIMITS", 1],
      ["the period is 0", withBudget({ period: 0 }), "LIMITS", 1],
      ["there is an initial amount without a stream", withBudget({ initial: 1n }), "STREAM", 1],
      ["a stream is open to signatures", withBudget({ perSecond: 1n }), "STREAM", 1],
      ...[2, 3, 4, 6, 255].map(
        (signatures): Case => [
          `signatures is ${signatures}`,
          withBudget({ signatures, sizes: 5 }),
          "SLOTS",
          1,
        ],
      ),
      ["there are signatures without slot sizes", withBudget({ signatures: 1, sizes: 0 }), "SLOTS", 1],
      ["there are slot sizes without signatures", withBudget({ signatures: 0, sizes: 1 }), "SLOTS", 1],
      ["there are 9 slot sizes", withBudget({ signatures: 1, sizes: 9 }), "SLOTS", 1],
      [
        "the native coin has slots",
        () => ({ budgets: [nativeBudget({ signatures: 1, sizes: 1 })] }),
        "SLOTS",
        0,
      ],
      [
        "the smallest slot is worth nothing",
        withBudget({ perTransaction: 255n, signatures: 1, sizes: 5 }),
        "SLOTS",
        1,
      ],
      ["there is no recipient", withBudget({ recipients: [] }), "RECIPIENTS", 1],
      ["a recipient is 0", withBudget({ recipients: [alice, zeroAddress] }), "RECIPIENTS", 1],
      [
        "ANYONE stands before another recipient",
        withBudget({ recipients: [ANYONE, alice] }),
        "RECIPIENTS",
        1,
      ],
      [
        "ANYONE stands behind another recipient",
        withBudget({ recipients: [alice, ANYONE] }),
        "RECIPIENTS",
        1,
      ],
      [
        "an action's target is 0",
        () => ({ actions: [actAction(), actAction({ target: zeroAddress })] }),
        "TARGET",
        1,
      ],
      [
        "an action's target is the account",
        () => ({ actions: [actAction({ target: chain.safes["1.4.1"] })] }),
        "TARGET",
      ],
      ["an action's target is the module", () => ({ actions: [actAction({ target: MODULE })] }), "TARGET"],
      [
        "an action's target is a budget's token",
        () => ({
          budgets: [nativeBudget(), budget()],
          actions: [actAction(), actAction({ target: chain.usdc.address })],
        }),
        "TARGET",
        1,
      ],
      [
        "a rule's operator is 6",
        () => ({ actions: [actAction(), actAction({ rules: [rule(), rule({ op: 6 })] })] }),
        "OPERATOR",
        1,
      ],
    ];
    const complete = (changes: Partial<Session>): Session => {
      const made = session(changes);
      const { account } = made;
      return {
        ...made,
        budgets: made.budgets.map((one) =>
          (one.token as string) === "account" ? { ...one, token: account } : one,
        ),
      };
    };
    for (const [title, changes, name, index = 0] of refusals) {
      it(`is ${name} where ${title}: to enable, to read, and to use by a grant`, async () => {
        const made = complete(changes());
        await refused(chain.call(enable(made)), "MalformedSession", flaw(name), index);
        await refused(byAnyone(encode("budgetOf", [made, 0n])), "MalformedSession", flaw(name), index);
        // A session that begins later, or is over, is refused for that before its bounds are looked at.
        if (name === "WINDOW" || made.account === zeroAddress) return;
        const attempt = execute(made, [pay(alice, 1n)], await grantOf(made));
        await refused(chain.call(attempt), "MalformedSession", flaw(name), index);
      });
    }

    const allowed: [string, () => Partial<Session>][] = [
      ["no budget and no action", () => ({ budgets: [], actions: [] })],
      ["the shortest window", () => ({ validAfter: T0 + 1, validUntil: T0 + 2 })],
      ["the last possible end", () => ({ validUntil: 2 ** 47 - 1 })],
      ["eight budgets", () => ({ budgets: many(8, (i) => budget({ token: numbered(i) })) })],
      ["32 recipients", () => ({ budgets: [budget({ recipients: many(32, numbered) })] })],
      ["ANYONE alone", () => ({ budgets: [budget({ recipients: [ANYONE] })] })],
      ["the same recipient twice", () => ({ budgets: [budget({ recipients: [alice, alice] })] })],
      [
        "32 actions of 8 rules",
        () => ({ actions: many(32, () => actAction({ rules: many(8, () => rule({ op: 5 })) })) }),
      ],
      ["perTransaction as large as perPeriod", () => ({ budgets: [budget({ perTransaction: 20n * USD })] })],
      [
        "amounts of 2**128 - 1",
        () => ({ budgets: [budget({ perTransaction: MAX_UINT128, perPeriod: MAX_UINT128 })] }),
      ],
      [
        "a smallest slot worth one unit",
        () => ({ budgets: [budget({ perTransaction: 256n, signatures: 1, sizes: 5 })] }),
      ],
      [
        "eight slot sizes",
        () => ({ budgets: [budget({ perTransaction: 4n ** 7n, signatures: 1, sizes: 8 })] }),
      ],
      ["a stream", () => ({ budgets: [budget({ initial: 1n, perSecond: 1n, signatures: 0, sizes: 0 })] })],
      [
        "a stream without an initial amount",
        () => ({ budgets: [budget({ perSecond: 1n, signatures: 0, sizes: 0 })] }),
      ],
      ["a period of 2**32 - 1 seconds", () => ({ budgets: [budget({ period: 2 ** 32 - 1 })] })],
    ];
    for (const [title, changes] of allowed) {
      it(`and may have ${title}`, async () => {
        await chain.send(enable(session(changes())));
        expect(await stateOf(await idOf(session(changes())))).to.equal("ENABLED");
      });
    }

    it("and may end in second 2, as far as its form goes", async () => {
      const { resetsAt } = await budgetOf(session({ validAfter: 1, validUntil: 2 }));
      expect(resetsAt).to.equal(2n);
    });
  });

  describe("whose words are too wide for their fields", () => {
    const widths: Partial<Record<keyof typeof SESSION_WORDS, [bits: number, index: number]>> = {
      account: [160, 0],
      key: [160, 0],
      validAfter: [48, 0],
      validUntil: [48, 0],
      epoch: [64, 0],
      gasAllowance: [128, 0],
      paymaster: [160, 0],
      token: [160, 0],
      perTransaction: [128, 0],
      perPeriod: [128, 0],
      period: [32, 0],
      initial: [128, 0],
      perSecond: [128, 0],
      signatures: [8, 0],
      sizes: [8, 0],
      firstRecipient: [160, 0],
      secondRecipient: [160, 0],
      target: [160, 0],
      ruleOffset: [16, 0],
      ruleOp: [8, 0],
    };
    const dirty = (data: Hex, first: number, name: keyof typeof SESSION_WORDS, bit: number) => {
      const at = first + SESSION_WORDS[name];
      return withWord(data, at, wordOf(data, at) | (1n << BigInt(bit)));
    };
    const places = [
      ...Object.entries(widths).flatMap(([name, [bits]]) => [
        [name, bits],
        [name, 255],
      ]),
      ["selector", 0],
      ["selector", 223],
    ] as [keyof typeof SESSION_WORDS, number][];

    for (const [name, bit] of places) {
      it(`is refused everywhere: bit ${bit} of ${name}`, async () => {
        await refused(
          byAnyone(dirty(encode("budgetOf", [shaped(), 0n]), 2, name, bit)),
          "MalformedSession",
          flaw("WIDTH"),
          0,
        );
        const id = await byAnyone(dirty(encode("hashSession", [shaped()]), 1, name, bit));
        expect(id, "another session").to.not.equal(await idOf(shaped()));
        // The owner may have signed it for all we know.
        const grant = await signAsSafe(chain.safes["1.4.1"], digestIn(id));
        const use = { from: key.address, to: MODULE, data: encode("execute", [shaped(), grant, [act()]]) };
        await refused(
          chain.call({ ...use, data: dirty(use.data, 3, name, bit) }),
          "MalformedSession",
          flaw("WIDTH"),
          0,
        );
        const enabling = enable(shaped());
        const attempt = chain.call({ ...enabling, data: dirty(enabling.data ?? "0x", 1, name, bit) });
        await refused(attempt, "MalformedSession", flaw("WIDTH"), 0);
      });
    }
    it("in the second of two budgets is told by its index", async () => {
      const made = session({
        budgets: [nativeBudget({ recipients: [bob] }), budget({ recipients: [mallory] })],
      });
      const data = encode("budgetOf", [made, 0n]);
      // The second budget's period: ten words, three of the list, ten and one of the first budget.
      const at =
        [...Array((size(data) - 4) / 32).keys()].filter((i) => wordOf(data, i) === BigInt(DAY))[1] ?? 0;
      await refused(byAnyone(withWord(data, at, 2n ** 32n)), "MalformedSession", flaw("WIDTH"), 1);
    });
  });
});
