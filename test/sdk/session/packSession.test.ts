import "../../environment/seed.ts";
import { ANYONE, type Budget, InvalidInput, type Session } from "@latchkey/sdk";
import { encodeSession, hashActions, hashBudget, packSession, type WholeParts } from "@latchkey/sdk/encoding";
import { expect } from "chai";
import fc from "fast-check";
import { concat, type Hex, keccak256, zeroAddress } from "viem";
import { type LeftOut, packed, sessionBytes } from "../../contracts/sessionBytes.ts";
import { arbitrarySession } from "../arbitrarySession.ts";
import { deployReaders, type Readers } from "./chain.ts";
import { address, richSession as rich } from "./richSession.ts";

const runs = process.env.LATCHKEY_DEEP ? 2000 : 100;
const lower = (bytes: Hex) => bytes.toLowerCase() as Hex;

/** A session, and what of it stands whole. */
const arbitraryChoice = fc
  .tuple(arbitrarySession(), fc.nat(255), fc.boolean())
  .map(([session, bits, actions]) => {
    const budgets = session.budgets.flatMap((_, index) => ((bits >> index) & 1 ? [index] : []));
    return { session, whole: { budgets, actions } satisfies WholeParts };
  });

/** The same choice, as what is left out. An empty list is shorter than its hash. */
const leftOutBy = ({ budgets, actions }: Session, whole: WholeParts): LeftOut => ({
  budgets: budgets.flatMap((_, index) => (whole.budgets.includes(index) ? [] : [index])),
  actions: !whole.actions && actions.length > 0,
});

describe("a session's packed form", function () {
  this.timeout(process.env.LATCHKEY_DEEP ? 0 : 60_000);
  let chain: Readers;
  before(async () => {
    chain = await deployReaders();
  });

  it("is, byte by byte, what the contracts' reader documents", () => {
    expect(packSession(rich)).to.equal(
      concat([
        "0x00006b49d200", // validAfter
        "0x00006b530c80", // validUntil
        "0x2a", // epoch, gasAllowance and paymaster follow
        "0x0103", // epoch
        "0x030a0b0c", // gasAllowance
        "0x01a3", // paymaster
        "0x020102", // salt
        "0x03", // three budgets
        "0x15", // signatures 1, sizes 5
        lower(address(0xb1)),
        "0x030f4240", // perTransaction
        "0x0401312d00", // perPeriod
        "0x03015180", // period
        "0x02", // two recipients
        lower(address(0xc1)),
        lower(address(0xc2)),
        "0x80", // a stream
        zeroAddress,
        "0x0105",
        "0x0107",
        "0x013c",
        "0x0102", // initial
        "0x0101", // perSecond
        "0xff", // anyone
        "0x00",
        lower(address(0xb3)),
        "0x0105",
        "0x0107",
        "0x013c",
        "0x01",
        lower(address(0xc3)),
        "0x02", // two actions
        lower(address(0xd1)),
        "0x12345678",
        "0x02", // two rules
        "0x0004", // offset
        "0x03", // op
        "0x0201f4", // value
        "0x0124",
        "0x00",
        "0x00",
        lower(address(0xd2)),
        "0x00000000",
        "0x00",
      ]),
    );
  });

  it("says in two bits what is zero and what is all ones", () => {
    const bare: Session = { ...rich, budgets: [], actions: [], salt: 0n };
    const window = "0x00006b49d20000006b530c80";
    const none = { epoch: 0n, gasAllowance: 0n, paymaster: zeroAddress } as const;
    expect(packSession({ ...bare, ...none })).to.equal(concat([window, "0x00", "0x00", "0x00", "0x00"]));
    const most = { epoch: (1n << 64n) - 1n, gasAllowance: (1n << 128n) - 1n, paymaster: ANYONE };
    expect(packSession({ ...bare, ...most })).to.equal(concat([window, "0x15", "0x00", "0x00", "0x00"]));
    expect(packSession({ ...bare, ...none, gasAllowance: 256n })).to.equal(
      concat([window, "0x08", "0x020100", "0x00", "0x00", "0x00"]),
    );
  });

  it("has hashes in the place of what is left out", () => {
    const [first, second, third] = rich.budgets as [Budget, Budget, Budget];
    const head = "0x00006b49d20000006b530c802a0103030a0b0c01a302010203";
    expect(packSession(rich, { budgets: [], actions: false })).to.equal(
      concat([
        head,
        "0xff",
        hashBudget(first),
        "0xff",
        hashBudget(second),
        "0xff",
        hashBudget(third),
        "0xff",
        hashActions(rich.actions),
      ]),
    );
    const one = packSession(rich, { budgets: [1], actions: true });
    expect(one).to.contain(hashBudget(first).slice(2)).and.to.contain(hashBudget(third).slice(2));
    expect(one).to.contain("8000000000000000000000000000000000000000000105").and.to.contain("12345678");
    expect(one).not.to.contain(hashBudget(second).slice(2));
    // An empty list is shorter than its hash.
    const without = packSession({ ...rich, actions: [] }, { budgets: [], actions: false });
    expect(without.endsWith("00")).to.equal(true);
    expect(without).not.to.contain(keccak256("0x").slice(2));
  });

  it("is that of an independent packer, and of the contract's, whatever is left out", async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryChoice, async ({ session, whole }) => {
        const leftOut = leftOutBy(session, whole);
        const bytes = packSession(session, whole);
        expect(bytes).to.equal(lower(packed(session, leftOut)));
        expect(packSession(session)).to.equal(lower(packed(session)));
        expect(encodeSession(session, whole)).to.equal(lower(sessionBytes(session, leftOut)));
        expect(encodeSession(session)).to.equal(lower(sessionBytes(session)));
        const bits = (leftOut.budgets ?? []).reduce(
          (all, index) => all | (1n << BigInt(index)),
          leftOut.actions ? 1n << 8n : 0n,
        );
        expect(encodeSession(session, whole)).to.equal(await chain.pack(session, bits));
      }),
      { numRuns: runs },
    );
  });

  it("does not depend on how addresses are written", () => {
    // Two spellings of one address, of which the first has a checksum.
    const account = "0x52908400098527886E0F7030069857D2E4169EE7";
    const bytes = encodeSession({ ...rich, account, paymaster: account });
    expect(bytes).to.equal(lower(bytes));
    expect(encodeSession({ ...rich, account: lower(account), paymaster: lower(account) })).to.equal(bytes);
  });

  const withBudget = (changes: Partial<Budget>): Session => ({
    ...rich,
    budgets: rich.budgets.map((budget, index) => (index === 1 ? { ...budget, ...changes } : budget)),
  });
  const unsayable: Record<string, [flaw: string, index: number, session: Session]> = {
    "nine budgets": ["ENCODING", 0, { ...rich, budgets: Array(9).fill(rich.budgets[0]) }],
    "33 actions": ["ENCODING", 0, { ...rich, actions: Array(33).fill(rich.actions[1]) }],
    "nine rules": [
      "ENCODING",
      1,
      {
        ...rich,
        actions: rich.actions.map((action, index) =>
          index === 1
            ? { ...action, rules: Array(9).fill({ offset: 4, op: 0, value: keccak256("0x") }) }
            : action,
        ),
      },
    ],
    "a budget without recipients": ["RECIPIENTS", 1, withBudget({ recipients: [] })],
    "33 recipients": ["RECIPIENTS", 1, withBudget({ recipients: Array(33).fill(address(1)) })],
    "anyone beside another": ["RECIPIENTS", 1, withBudget({ recipients: [ANYONE, address(1)] })],
    "another beside anyone": ["RECIPIENTS", 1, withBudget({ recipients: [address(1), ANYONE] })],
    "anyone twice": ["RECIPIENTS", 1, withBudget({ recipients: [ANYONE, ANYONE] })],
    "a first amount that nothing is added to": ["STREAM", 1, withBudget({ perSecond: 0n })],
    "signatures of the number 8": ["SLOTS", 1, withBudget({ signatures: 8 })],
    "sixteen sizes": ["SLOTS", 1, withBudget({ sizes: 16 })],
    "the kind that stands for what is left out": ["SLOTS", 1, withBudget({ signatures: 7, sizes: 15 })],
    "a salt that does not fit": ["WIDTH", 0, { ...rich, salt: 1n << 256n }],
    "an end that does not fit": ["WINDOW", 0, { ...rich, validUntil: 2 ** 48 }],
    "an amount that does not fit": ["WIDTH", 1, withBudget({ perPeriod: 1n << 128n })],
    "what is not a session": ["ENCODING", 0, null as never],
    "no list of budgets": ["ENCODING", 0, { ...rich, budgets: undefined as never }],
  };
  for (const [what, [flaw, index, session]] of Object.entries(unsayable))
    it(`has no place for ${what}, which is refused`, () => {
      for (const encode of [packSession, encodeSession])
        try {
          encode(session);
          expect.fail("it was packed");
        } catch (error) {
          if (!(error instanceof InvalidInput)) throw error;
          expect(error.code).to.equal("MALFORMED_SESSION");
          expect(error.details).to.include({ flaw, index });
        }
    });

  it("has a place for the longest lists, and for kinds that only modules refuse", () => {
    const full: Session = {
      ...rich,
      budgets: Array(8).fill({ ...rich.budgets[0], recipients: Array(32).fill(address(0xc1)) }),
      actions: Array(32).fill({
        ...rich.actions[0],
        rules: Array(8).fill({ offset: 65_535, op: 255, value: `0x${"ff".repeat(32)}` }),
      }),
    };
    expect(packSession(full)).to.equal(lower(packed(full)));
    const kinds = withBudget({ signatures: 7, sizes: 14 });
    expect(packSession(kinds)).to.equal(lower(packed(kinds)));
    const plain = withBudget({ perSecond: 0n, initial: 0n, signatures: 7, sizes: 15 });
    expect(packSession(plain)).to.equal(lower(packed(plain)));
  });
});
