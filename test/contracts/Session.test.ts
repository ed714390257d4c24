import { PERMIT2 } from "@latchkey/devchain";
import { expect } from "chai";
import {
  type Address,
  concat,
  getAddress,
  type Hex,
  hashStruct,
  keccak256,
  pad,
  size,
  slice,
  toHex,
  zeroAddress,
} from "viem";
import {
  ANYONE,
  actAction,
  alice,
  type Budget,
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
  MAX_UINT128,
  MODULE,
  mallory,
  nativeBudget,
  pay,
  refused,
  type Session,
  session,
  sessionTypes,
  stateOf,
  stranger,
  T0,
  USD,
  useChain,
} from "./fixture.ts";
import { type LeftOut, number, partsOf, sessionBytes } from "./sessionBytes.ts";

/** The order of `enum Flaw`. */
const FLAWS = [
  "ENCODING",
  "PARTIES",
  "WINDOW",
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
/** A session that has everything, and no number that is 0. */
const full = (): Session =>
  session({
    epoch: 5n,
    salt: 2n ** 200n + 5n,
    gasAllowance: 2n ** 100n,
    paymaster: mallory,
    budgets: [budget({ initial: 3n, perSecond: 7n })],
    actions: [actAction({ rules: [rule()] })],
  });
const withParties = (of: Session, leftOut?: LeftOut): [string, Hex][] => [
  ["account", of.account],
  ["key", of.key],
  ...partsOf(of, leftOut),
];
const partOf = (of: Session, name: string): Hex => {
  const bytes = partsOf(of).find(([part]) => part === name)?.[1];
  if (!bytes) throw new Error(`no part ${name}`);
  return bytes;
};
/** The session's bytes with one part replaced, and a bit more in the kind of its first budget. */
const withPart = (of: Session, name: string, bytes: Hex, moreOfKind = 0, leftOut?: LeftOut): Hex => {
  const parts = withParties(of, leftOut);
  expect(parts.map(([part]) => part)).to.include(name);
  return concat(
    parts.map(([part, was]) => {
      if (part === "budgets[0].kind" && moreOfKind) return byte(Number(was) | moreOfKind);
      return part === name ? bytes : was;
    }),
  );
};
const byte = (value: number): Hex => toHex(value, { size: 1 });
const cut = (bytes: Hex, length: number): Hex => bytes.slice(0, 2 + 2 * length) as Hex;
/** What differs in one bit, and is as good a part. */
const nextTo = (bytes: Hex): Hex => {
  const last = Number.parseInt(bytes.slice(-2), 16);
  return concat([cut(bytes, size(bytes) - 1), byte(last === 1 ? 3 : last ^ 1)]);
};
/** What of `full()` another value can stand for without moving what follows. */
const FIELDS = [
  "account",
  "key",
  "validAfter",
  "validUntil",
  "epoch",
  "gasAllowance",
  "paymaster",
  "salt",
  ...["kind", "token", "perTransaction", "perPeriod", "period", "initial", "perSecond"].map(
    (name) => `budgets[0].${name}`,
  ),
  "budgets[0].recipients[0]",
  "budgets[0].recipients[1]",
  "actions[0].target",
  "actions[0].selector",
  ...["offset", "op", "value"].map((name) => `actions[0].rules[0].${name}`),
];
const byAnyone = (data: Hex) => chain.call({ from: stranger.address, to: MODULE, data });
/** The id of whatever the bytes say. */
const hashed = (bytes: Hex) => byAnyone(encode("hashSession", [bytes]));
const malformed = (bytes: Hex) => refused(hashed(bytes), "MalformedSession", flaw("ENCODING"), 0);

// Rules of docs/spec.md: S-1, S-2, S-3, S-4, S-5, S-6, S-8, S-9, S-10.
describe("a session", () => {
  useChain();

  describe("has its EIP-712 struct hash as id, as computed by viem", () => {
    const largest = (): Session =>
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
            signatures: 7 - i,
            sizes: 14 - i,
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
      ["with everything that a session can have", full],
      [
        "with a budget that anyone may be paid from",
        () => session({ budgets: [budget({ recipients: [ANYONE] })] }),
      ],
      ["as large as a session can be", largest],
    ];
    for (const [kind, make] of kinds) {
      it(kind, async () => {
        const expected = hashStruct({ types: sessionTypes, primaryType: "Session", data: make() });
        expect(await idOf(make())).to.equal(expected);
        expect(await byAnyone(encode("grantDigest", [make()]))).to.equal(grantDigest(make()));
      });
    }

    it("whatever follows it in the calldata", async () => {
      const data = concat([encode("hashSession", [full()]), pad("0x1234")]);
      expect(await byAnyone(data)).to.equal(await idOf(full()));
    });

    for (const name of FIELDS) {
      it(`which another ${name} changes`, async () => {
        const parts = withParties(full());
        expect(parts.map(([part]) => part)).to.include(name);
        const other = concat(parts.map(([part, bytes]) => (part === name ? nextTo(bytes) : bytes)));
        expect(await hashed(other)).to.not.equal(await idOf(full()));
      });
    }
    for (const [name, changes] of [
      ["no epoch", { epoch: 0n }],
      ["the last epoch", { epoch: 2n ** 64n - 1n }],
      ["no gas allowance", { gasAllowance: 0n }],
      ["a gas allowance that is not counted", { gasAllowance: MAX_UINT128 }],
      ["no paymaster", { paymaster: zeroAddress }],
      ["any paymaster", { paymaster: ANYONE }],
      ["no actions", { actions: [] }],
      ["no budgets", { budgets: [] }],
    ] as const)
      it(`which ${name} changes`, async () => {
        const other: Session = { ...full(), ...changes };
        const expected = hashStruct({ types: sessionTypes, primaryType: "Session", data: other });
        expect(await idOf(other)).to.equal(expected);
        expect(expected).to.not.equal(await idOf(full()));
      });

    it("in the domain of its chain and module", async () => {
      const id = await idOf(session());
      expect(grantDigest(session())).to.equal(digestIn(id));
      expect(digestIn(id, { chainId: 8453 })).to.not.equal(digestIn(id));
    });
  });

  describe("whose bytes are not a valid encoding is rejected", () => {
    const sessions: [string, () => Session][] = [
      ["a plain one", session],
      ["one with everything", full],
      ["one with nothing", () => session({ budgets: [], actions: [] })],
    ];
    for (const [title, of] of sessions) {
      it(`truncated at any byte, or with trailing bytes: ${title}`, async () => {
        const bytes = sessionBytes(of());
        for (let length = 0; length < size(bytes); ++length) await malformed(cut(bytes, length));
        for (const more of ["0x00", "0x01", "0xff", pad("0x"), bytes] as Hex[])
          await malformed(concat([bytes, more]));
      });
      it(`truncated at any byte, or with trailing bytes: ${title}, with parts omitted`, async () => {
        const bytes = sessionBytes(of(), { budgets: [0], actions: true });
        expect(await hashed(bytes)).to.equal(await idOf(of()));
        for (let length = 0; length < size(bytes); ++length) await malformed(cut(bytes, length));
        await malformed(concat([bytes, "0x00"]));
      });
    }
    it("with trailing zeros cut off, though reads past the end give zeros", async () => {
      for (const one of [
        session({ budgets: [], actions: [] }),
        session({ budgets: [], actions: [actAction({ rules: [rule({ offset: 0, value: pad("0x") })] })] }),
        session({
          budgets: [budget({ recipients: [getAddress(`0x${"ab".repeat(10)}${"00".repeat(10)}`)] })],
        }),
      ]) {
        const bytes = sessionBytes(one);
        expect(bytes.endsWith("00")).to.equal(true);
        for (let missing = 1; bytes.endsWith("00".repeat(missing)); ++missing)
          await malformed(cut(bytes, size(bytes) - missing));
      }
    });
    for (const [name, width] of [
      ["epoch", 8],
      ["gasAllowance", 16],
      ["paymaster", 20],
      ["salt", 32],
      ["budgets[0].perTransaction", 16],
      ["budgets[0].perPeriod", 16],
      ["budgets[0].period", 4],
      ["budgets[0].initial", 16],
      ["budgets[0].perSecond", 16],
      ["actions[0].rules[0].value", 32],
    ] as const) {
      it(`where ${name} has a leading zero, or more than ${width} bytes`, async () => {
        const as = (number: Hex) => withPart(full(), name, number);
        for (const number of [
          "0x0100",
          "0x020001",
          concat([byte(width), pad("0x01", { size: width })]),
          concat([byte(width), pad("0x", { size: width })]),
          concat([byte(width + 1), "0x01", pad("0x", { size: width })]),
          ...[width + 1, 33, 64, 255].map((count) => concat([byte(count), `0x${"ff".repeat(count)}`])),
        ] as Hex[])
          await malformed(as(number));
        // As wide as may be, and the narrowest: other sessions.
        const widest: Hex = `0x${width.toString(16).padStart(2, "0")}7f${"ff".repeat(width - 1)}`;
        for (const number of [widest, "0x0109"] as const)
          expect(await hashed(as(number))).to.not.equal(await idOf(full()));
      });
    }
    for (const [name, width, at] of [
      ["epoch", 8, 0],
      ["gasAllowance", 16, 2],
      ["paymaster", 20, 4],
    ] as const) {
      it(`where ${name} is written in full instead of by its code: 0, and all ones`, async () => {
        const as = (number: Hex) => withPart(full(), name, number);
        await malformed(as("0x00"));
        await malformed(as(concat([byte(width), `0x${"ff".repeat(width)}`])));
        await hashed(as(concat([byte(width), `0x${"ff".repeat(width - 1)}fe`])));
      });
      it(`where ${name} has code 3`, async () => {
        for (const one of [full(), session()])
          await malformed(withPart(one, "codes", byte(Number(partOf(one, "codes")) | (3 << at))));
      });
    }
    it("of any other version than 0", async () => {
      for (const one of [full(), session()])
        for (const version of [0x40, 0x80, 0xc0])
          await malformed(withPart(one, "codes", byte(Number(partOf(one, "codes")) | version)));
    });
    for (const [name, most, make] of [
      ["budgets", 8, (n: number) => ({ budgets: many(n, (i) => budget({ token: numbered(i) })) })],
      ["recipients", 32, (n: number) => ({ budgets: [budget({ recipients: many(n, numbered) })] })],
      ["actions", 32, (n: number) => ({ actions: many(n, () => actAction()) })],
      ["rules", 8, (n: number) => ({ actions: [actAction({ rules: many(n, () => rule()) })] })],
    ] as const) {
      it(`with more than ${most} ${name}, in good order`, async () => {
        await hashed(sessionBytes(session(make(most))));
        for (const count of [most + 1, most + 2, 2 * most, 128, 254])
          await malformed(sessionBytes(session(make(count))));
      });
    }
    it("with more than 8 omitted budgets", async () => {
      for (const count of [9, 255]) {
        const of = session({ budgets: many(count, (i) => budget({ token: numbered(i) })) });
        await malformed(sessionBytes(of, { budgets: many(count, (i) => i) }));
      }
    });
    for (const name of ["budgets", "budgets[0].recipients", "actions", "actions[0].rules"]) {
      it(`where its count of ${name} does not match`, async () => {
        for (let count = 0; count < 256; ++count)
          if (count !== Number(partOf(full(), name))) await malformed(withPart(full(), name, byte(count)));
      });
    }
    it("with a budget without recipients", () =>
      malformed(sessionBytes(session({ budgets: [budget({ recipients: [] })] }))));
    it("with ANYONE among other recipients, or listed explicitly", async () => {
      const open = session({ budgets: [budget({ recipients: [ANYONE] })] });
      const spelt = (...recipients: Address[]) =>
        withPart(open, "budgets[0].recipients", concat([byte(recipients.length), ...recipients]));
      await hashed(sessionBytes(open));
      await hashed(spelt(alice));
      for (const recipients of [[ANYONE], [alice, ANYONE], [ANYONE, alice], [ANYONE, ANYONE]])
        await malformed(spelt(...recipients));
    });
    it("with a stream that adds nothing each second", async () => {
      await malformed(withPart(full(), "budgets[0].perSecond", "0x00"));
      await malformed(withPart(session(), "budgets[0].period", concat([number(BigInt(DAY)), "0x0000"]), 128));
    });
    it("by every entry point and view, before any other check", async () => {
      const bytes = concat([sessionBytes(session()), "0x00"]);
      for (const [name, ...args] of [
        ["enable"],
        ["renounce"],
        ["hashSession"],
        ["grantDigest"],
        ["budgetOf", 0n],
        ["pay", "0x", chain.usdc.address, alice, 1n],
        ["execute", "0x", []],
        ["executeSigned", "0x", [], ANYONE, 0n, 0, "0x"],
      ] as const)
        await refused(byAnyone(encode(name, [bytes, ...args])), "MalformedSession", flaw("ENCODING"), 0);
    });
  });

  describe("with omitted parts", () => {
    const choices: LeftOut[] = [
      { budgets: [0] },
      { budgets: [2] },
      { actions: true },
      { budgets: [0, 1, 2] },
      { budgets: [0, 1, 2], actions: true },
    ];
    const three = () => ({
      ...full(),
      budgets: [...full().budgets, nativeBudget(), budget({ token: mallory })],
    });
    for (const leftOut of choices) {
      it(`keeps its id: budgets ${leftOut.budgets ?? "none"}, actions ${leftOut.actions ?? false}`, async () => {
        expect(await hashed(sessionBytes(three(), leftOut))).to.equal(await idOf(three()));
      });
    }
    it("is another session with another hash", async () => {
      for (const [name, leftOut] of [
        ["budgets[1].hash", { budgets: [1] }],
        ["actions.hash", { actions: true }],
      ] as const)
        for (const hash of [pad("0x"), pad("0x01"), keccak256("0x1234")])
          expect(await hashed(withPart(three(), name, hash, 0, leftOut))).to.not.equal(await idOf(three()));
    });
    it("is another session if the hashes of two budgets are swapped", async () => {
      const [first, ...others] = three().budgets;
      const turned = { ...three(), budgets: [...others, first as Budget] };
      expect(await hashed(sessionBytes(turned, { budgets: [0, 1, 2] }))).to.not.equal(await idOf(three()));
    });
  });

  describe("is not enabled", () => {
    const enabling = (data: Hex) => chain.call({ from: chain.safes["1.4.1"], to: MODULE, data });
    const word = (n: number): Hex => pad(toHex(n));
    const encoded = () => encode("enable", [session()]);
    const padding = () => (32 - (size(sessionBytes(session())) % 32)) % 32;
    it("if its bytes do not directly follow the head, even at the same length", async () => {
      const bytes = sessionBytes(session());
      expect(padding(), "room for the address of a caller through the account").to.be.greaterThan(20);
      await enabling(encoded());
      for (let shift = 1; shift <= padding(); ++shift) {
        const tail = concat([
          word(32 + shift),
          `0x${"00".repeat(shift)}`,
          word(size(bytes)),
          bytes,
          `0x${"00".repeat(padding() - shift)}`,
        ]);
        const moved = concat([slice(encoded(), 0, 4), tail]);
        expect(size(moved)).to.equal(size(encoded()));
        const same = concat([slice(encode("hashSession", [bytes]), 0, 4), tail]);
        expect(await byAnyone(same), "the same session").to.equal(await idOf(session()));
        await refused(enabling(moved), "MalformedSession", flaw("ENCODING"), 0);
      }
      const apart = concat([slice(encoded(), 0, 4), word(64), word(0), slice(encoded(), 36)]);
      await refused(enabling(apart), "TrailingCalldata", size(encoded()) + 32, size(encoded()));
      const none = concat([slice(encoded(), 0, 4), word(0), word(0)]);
      await refused(enabling(none), "MalformedSession", flaw("ENCODING"), 0);
    });
    it("if its padding is not zero, missing, or longer", async () => {
      for (let i = 1; i <= padding(); ++i) {
        const at = size(encoded()) - i;
        const dirty = concat([slice(encoded(), 0, at), "0x01", `0x${"00".repeat(i - 1)}`]);
        await refused(enabling(dirty), "MalformedSession", flaw("ENCODING"), 0);
      }
      const bare = slice(encoded(), 0, size(encoded()) - padding());
      await refused(enabling(bare), "TrailingCalldata", size(bare), size(encoded()));
      for (const more of ["0x00", pad("0x"), stranger.address] as Hex[]) {
        const longer = concat([encoded(), more]);
        await refused(enabling(longer), "TrailingCalldata", size(longer), size(encoded()));
      }
    });
    it("unless its bytes are a whole number of words", async () => {
      const recipients = many(5, numbered);
      const even = many(32, (i) =>
        session({ salt: 1n << BigInt(8 * i), budgets: [budget({ recipients })] }),
      ).find((of) => size(sessionBytes(of)) % 32 === 0);
      await chain.send(enable(even as Session));
      expect(await stateOf(await idOf(even as Session))).to.equal("ENABLED");
    });
  });

  describe("must satisfy its bounds", () => {
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
      ["a token is Permit2", withBudget({ token: PERMIT2 }), "TOKEN", 1],
      ["a token has two budgets", () => ({ budgets: [budget(), budget()] }), "TOKEN", 1],
      ["perTransaction is 0", withBudget({ perTransaction: 0n, signatures: 0, sizes: 0 }), "LIMITS", 1],
      ["perTransaction is above perPeriod", withBudget({ perTransaction: 21n * USD }), "LIMITS", 1],
      ["the period is 0", withBudget({ period: 0 }), "LIMITS", 1],
      ["a stream is open to signatures", withBudget({ perSecond: 1n }), "STREAM", 1],
      ...[3, 5, 7].map(
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
      ["there are 15 slot sizes", withBudget({ signatures: 1, sizes: 15 }), "SLOTS", 1],
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
      ...[2, 4, 6].flatMap((signatures): Case[] => [
        [
          `the smallest node is worth nothing, for signatures ${signatures}`,
          withBudget({ perTransaction: 15n, signatures, sizes: 5 }),
          "SLOTS",
          1,
        ],
        [
          `there are 9 sizes of nodes, for signatures ${signatures}`,
          withBudget({ signatures, sizes: 9 }),
          "SLOTS",
          1,
        ],
        [`there are none, for signatures ${signatures}`, withBudget({ signatures, sizes: 0 }), "SLOTS", 1],
        [
          `a stream is open to signatures ${signatures}`,
          withBudget({ signatures, sizes: 1, perSecond: 1n }),
          "STREAM",
          1,
        ],
        [
          `the native coin has nodes, for signatures ${signatures}`,
          () => ({ budgets: [nativeBudget({ signatures, sizes: 1 })] }),
          "SLOTS",
          0,
        ],
        [
          `a period has 2**32 lots, for signatures ${signatures}`,
          withBudget({ perTransaction: 5n, perPeriod: 5n * 2n ** 32n, signatures, sizes: 1 }),
          "SLOTS",
          1,
        ],
      ]),
      [
        "a period has 2**32 lots",
        withBudget({ perTransaction: 5n, perPeriod: 5n * 2n ** 32n, signatures: 1, sizes: 1 }),
        "SLOTS",
        1,
      ],
      ["a recipient is 0", withBudget({ recipients: [alice, zeroAddress] }), "RECIPIENTS", 1],
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
      ["an action's target is Permit2", () => ({ actions: [actAction({ target: PERMIT2 })] }), "TARGET"],
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
      it(`is ${name} where ${title}: when enabled, read, or used with a grant`, async () => {
        const made = complete(changes());
        await refused(chain.call(enable(made)), "MalformedSession", flaw(name), index);
        await refused(byAnyone(encode("budgetOf", [made, 0n])), "MalformedSession", flaw(name), index);
        // A session that begins later, or is over, is refused for that before its bounds are looked at.
        if (name === "WINDOW" || made.account === zeroAddress) return;
        const attempt = execute(made, [pay(alice, 1n)], await grantOf(made));
        await refused(chain.call(attempt), "MalformedSession", flaw(name), index);
        const payment = encode("pay", [made, await grantOf(made), chain.usdc.address, alice, 1n]);
        await refused(chain.call({ ...attempt, data: payment }), "MalformedSession", flaw(name), index);
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
      ...[2, 4, 6].flatMap((signatures): [string, () => Partial<Session>][] => [
        [
          `a smallest node worth one unit, for signatures ${signatures}`,
          () => ({ budgets: [budget({ perTransaction: 16n, signatures, sizes: 5 })] }),
        ],
        [
          `eight sizes of nodes, for signatures ${signatures}`,
          () => ({ budgets: [budget({ perTransaction: 128n, signatures, sizes: 8 })] }),
        ],
      ]),
      [
        "eight slot sizes",
        () => ({ budgets: [budget({ perTransaction: 4n ** 7n, signatures: 1, sizes: 8 })] }),
      ],
      ["a stream", () => ({ budgets: [budget({ initial: 1n, perSecond: 1n, signatures: 0, sizes: 0 })] })],
      [
        "a stream without an initial amount",
        () => ({ budgets: [budget({ perSecond: 1n, signatures: 0, sizes: 0 })] }),
      ],
      [
        "2**32 - 1 lots and nearly one more",
        () => ({
          budgets: [budget({ perTransaction: 5n, perPeriod: 5n * 2n ** 32n - 1n, signatures: 1, sizes: 1 })],
        }),
      ],
      [
        "2**32 lots that no signature spends",
        () => ({
          budgets: [budget({ perTransaction: 5n, perPeriod: 5n * 2n ** 32n, signatures: 0, sizes: 0 })],
        }),
      ],
      ["a period of 2**32 - 1 seconds", () => ({ budgets: [budget({ period: 2 ** 32 - 1 })] })],
    ];
    for (const [title, changes] of allowed) {
      it(`and may have ${title}`, async () => {
        await chain.send(enable(session(changes())));
        expect(await stateOf(await idOf(session(changes())))).to.equal("ENABLED");
      });
    }

    it("and may end in second 2", async () => {
      const { resetsAt } = await budgetOf(session({ validAfter: 1, validUntil: 2 }));
      expect(resetsAt).to.equal(2n);
    });
  });
});
