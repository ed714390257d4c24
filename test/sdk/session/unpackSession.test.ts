import "../../environment/seed.ts";
import { ANYONE, hashSession, isRefusal, type Session } from "@latchkey/sdk";
import {
  type CarriedSession,
  decodeSession,
  encodeSession,
  hashActions,
  hashBudget,
  hashCarriedSession,
  packSession,
  unpackSession,
} from "@latchkey/sdk/encoding";
import { expect } from "chai";
import fc from "fast-check";
import { concat, type Hex, numberToHex, size, slice, toHex } from "viem";
import { unpackWhole } from "#sdk/session/unpackSession.ts";
import { type LeftOut, number, packed, partsOf, sessionBytes } from "../../contracts/sessionBytes.ts";
import { arbitrarySession } from "../arbitrarySession.ts";
import { deployReaders, type Readers } from "./chain.ts";
import { address, richSession as rich } from "./richSession.ts";

const runs = process.env.LATCHKEY_DEEP ? 2000 : 100;

/** A session, and a choice of what is left out of it. */
const arbitraryChoice = fc
  .tuple(arbitrarySession(), fc.nat(255), fc.boolean())
  .map(([session, bits, actions]): { session: Session; leftOut: LeftOut } => ({
    session,
    leftOut: {
      budgets: session.budgets.flatMap((_, index) => ((bits >> index) & 1 ? [index] : [])),
      actions,
    },
  }));

/** What is to be read of it. */
const carriedOf = (session: Session, { budgets = [], actions }: LeftOut): CarriedSession => ({
  ...session,
  budgets: session.budgets.map((one, index) => (budgets.includes(index) ? hashBudget(one) : one)),
  actions: actions ? hashActions(session.actions) : session.actions,
});

const codeOf = (attempt: () => unknown) => {
  try {
    attempt();
  } catch (error) {
    if (isRefusal(error)) return error.code;
    throw error;
  }
  return undefined;
};

/** The rich session's own bytes with other ones in the place of a field's. */
const withPart = (name: string, bytes: Hex, leftOut?: LeftOut): Hex => {
  const parts = partsOf(rich, leftOut);
  expect(parts.map(([one]) => one)).to.include(name);
  return concat(parts.map(([one, was]) => (one === name ? bytes : was)));
};

describe("reading a session's packed form", function () {
  this.timeout(process.env.LATCHKEY_DEEP ? 0 : 60_000);
  let chain: Readers;
  before(async () => {
    chain = await deployReaders();
  });

  it("gives back what was packed, hashes for what is left out, and what follows", () => {
    fc.assert(
      fc.property(
        arbitraryChoice,
        fc.uint8Array({ maxLength: 40 }).map((bytes) => toHex(bytes)),
        ({ session, leftOut }, behind) => {
          const carried = carriedOf(session, leftOut);
          const { account, key, ...own } = carried;
          const bytes = packed(session, leftOut);
          expect(unpackSession(concat([bytes, behind]))).to.deep.equal({ session: own, rest: behind });
          expect(decodeSession(sessionBytes(session, leftOut))).to.deep.equal(carried);
          expect(decodeSession(encodeSession(session))).to.deep.equal(session);
          expect(unpackSession(packSession(session)).rest).to.equal("0x");
        },
      ),
      { numRuns: runs },
    );
  });

  it("gives the id of the whole session, whatever is left out, as the module does", async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryChoice, async ({ session, leftOut }) => {
        const bytes = sessionBytes(session, leftOut);
        const id = hashSession(session);
        expect(hashCarriedSession(decodeSession(bytes))).to.equal(id);
        expect(hashCarriedSession(session)).to.equal(id);
        expect(await chain.idIn(bytes)).to.equal(id);
      }),
      { numRuns: runs },
    );
  });

  it("does not mind how hex is written", () => {
    const bytes = sessionBytes(rich, { budgets: [0] });
    expect(decodeSession(`0x${bytes.slice(2).toUpperCase()}`)).to.deep.equal(decodeSession(bytes));
  });

  it("is refused where the bytes end too soon, wherever that is", async () => {
    for (const leftOut of [{}, { budgets: [0, 2], actions: true }]) {
      const bytes = sessionBytes(rich, leftOut);
      for (let length = 0; length < size(bytes); length++) {
        const cut = length === 0 ? "0x" : slice(bytes, 0, length);
        expect(
          codeOf(() => decodeSession(cut)),
          `${length} bytes`,
        ).to.equal("INVALID_INPUT");
        if (length > 40)
          expect(
            codeOf(() => unpackSession(slice(cut, 40))),
            `${length} bytes`,
          ).to.equal("INVALID_INPUT");
        if (length % 7 === 0) expect(await chain.idIn(cut), `${length} bytes`).to.equal(undefined);
      }
    }
  });

  it("is refused where the bytes go on and are to be the session alone", async () => {
    for (const behind of ["0x00", "0xff", zeros(32)] as const) {
      const grown = concat([sessionBytes(rich), behind]);
      expect(codeOf(() => decodeSession(grown))).to.equal("INVALID_INPUT");
      expect(codeOf(() => unpackWhole(slice(grown, 40)))).to.equal("INVALID_INPUT");
      expect(await chain.idIn(grown)).to.equal(undefined);
    }
  });

  it("is refused as a whole session where a part is left out", () => {
    const { account, key, ...own } = rich;
    expect(unpackWhole(packed(rich))).to.deep.equal(own);
    for (const leftOut of [{ budgets: [2] }, { actions: true }])
      expect(codeOf(() => unpackWhole(packed(rich, leftOut)))).to.equal("INVALID_INPUT");
  });

  const numbers: Record<string, number> = {
    epoch: 8,
    gasAllowance: 16,
    paymaster: 20,
    salt: 32,
    "budgets[0].perTransaction": 16,
    "budgets[0].perPeriod": 16,
    "budgets[0].period": 4,
    "budgets[1].initial": 16,
    "budgets[1].perSecond": 16,
    "actions[0].rules[0].value": 32,
  };
  for (const [name, width] of Object.entries(numbers))
    it(`takes any number that fits as ${name}, in its shortest form alone`, async () => {
      const longest = number((1n << BigInt(8 * width)) - 2n);
      expect(size(longest)).to.equal(width + 1);
      const read = decodeSession(concat([rich.account, rich.key, withPart(name, longest)]));
      expect(hashCarriedSession(read)).not.to.equal(hashSession(rich));
      const refused: Record<string, Hex> = {
        "a zero in one byte": "0x0100",
        "a zero before another byte": "0x020001",
        "zeros before the longest": concat([numberToHex(width, { size: 1 }), zeros(width)]),
        "a byte more than the field has": concat([
          numberToHex(width + 1, { size: 1 }),
          `0x01${"00".repeat(width)}`,
        ]),
        "255 bytes": concat(["0xff", `0x${"01".repeat(255)}`]),
      };
      for (const [what, bytes] of Object.entries(refused)) {
        const own = withPart(name, bytes);
        expect(
          codeOf(() => unpackSession(own)),
          what,
        ).to.equal("INVALID_INPUT");
        expect(await chain.idIn(concat([rich.account, rich.key, own])), what).to.equal(undefined);
      }
    });

  const refused: Record<string, Hex> = {
    "an epoch by code 3": withPart("codes", "0x2b"),
    "a gas allowance by code 3": withPart("codes", "0x2e"),
    "a paymaster by code 3": withPart("codes", "0x3a"),
    "another version": withPart("codes", "0x6a"),
    "the last version": withPart("codes", "0xea"),
    "an epoch of zero that follows": withPart("epoch", "0x00"),
    "an epoch of all ones that follows": withPart("epoch", number((1n << 64n) - 1n)),
    "a gas allowance of zero that follows": withPart("gasAllowance", "0x00"),
    "a gas allowance of all ones that follows": withPart("gasAllowance", number((1n << 128n) - 1n)),
    "a paymaster of zero that follows": withPart("paymaster", "0x00"),
    "anyone as a paymaster that follows": withPart("paymaster", number((1n << 160n) - 1n)),
    "nine budgets": concat([
      ...partsOf({ ...rich, budgets: Array(9).fill(rich.budgets[2]) }).map(([, bytes]) => bytes),
    ]),
    "254 budgets": withPart("budgets", "0xfe"),
    "a budget without recipients": withPart("budgets[2].recipients", "0x00"),
    "33 recipients": concat([
      ...partsOf({
        ...rich,
        budgets: [{ ...rich.budgets[2], recipients: Array(33).fill(address(1)) }] as never,
      }).map(([, bytes]) => bytes),
    ]),
    "254 recipients": withPart("budgets[2].recipients", "0xfe"),
    "anyone among the recipients": withPart("budgets[0].recipients[1]", ANYONE),
    "anyone by its address alone": withPart("budgets[2].recipients[0]", ANYONE),
    "a stream to which nothing is added": withPart("budgets[1].perSecond", "0x00"),
    "33 actions": concat([
      ...partsOf({ ...rich, actions: Array(33).fill(rich.actions[1]) }).map(([, bytes]) => bytes),
    ]),
    "254 actions": withPart("actions", "0xfe"),
    "nine rules": concat([
      ...partsOf({
        ...rich,
        actions: [{ ...rich.actions[0], rules: Array(9).fill(rich.actions[0]?.rules[0]) }] as never,
      }).map(([, bytes]) => bytes),
    ]),
    "255 rules": withPart("actions[1].rules", "0xff"),
  };
  for (const [what, own] of Object.entries(refused))
    it(`is refused for ${what}, by the chain too`, async () => {
      expect(codeOf(() => unpackSession(own))).to.equal("INVALID_INPUT");
      expect(await chain.idIn(concat([rich.account, rich.key, own]))).to.equal(undefined);
    });

  it("is refused for invalid hex, or half a byte", () => {
    for (const wrong of ["", "0x", "0x0", "dai", "0xzz", null, undefined, 5, {}] as never[]) {
      expect(
        codeOf(() => unpackSession(wrong)),
        String(wrong),
      ).to.equal("INVALID_INPUT");
      expect(
        codeOf(() => decodeSession(wrong)),
        String(wrong),
      ).to.equal("INVALID_INPUT");
    }
    expect(codeOf(() => decodeSession(`${sessionBytes(rich)}0`))).to.equal("INVALID_INPUT");
  });

  it("agrees with the chain on any bytes that are nearly a session's", async () => {
    let [sessions, none] = [0, 0];
    await fc.assert(
      fc.asyncProperty(
        arbitraryChoice,
        fc.nat(),
        fc.constantFrom<Hex>("0x00", "0x01", "0x02", "0x20", "0x21", "0x80", "0xff"),
        fc.constantFrom("replace", "insert", "drop"),
        async ({ session, leftOut }, pick, byte, how) => {
          const bytes = sessionBytes(session, leftOut);
          const at = 40 + (pick % (size(bytes) - 40));
          const [before, after] = [slice(bytes, 0, at), at + 1 < size(bytes) ? slice(bytes, at + 1) : "0x"];
          const changed = concat(
            how === "drop" ? [before, after] : [before, byte, how === "insert" ? slice(bytes, at) : after],
          );
          const id = await chain.idIn(changed);
          let read: Hex | undefined;
          try {
            read = hashCarriedSession(decodeSession(changed));
          } catch (error) {
            if (!isRefusal(error, "INVALID_INPUT")) throw error;
          }
          expect(read).to.equal(id);
          if (id) sessions++;
          else none++;
        },
      ),
      { numRuns: 3 * runs },
    );
    // Bytes of both sorts were tried.
    expect(Math.min(sessions, none)).to.be.greaterThan(runs / 5);
  });
});

/** So many zeros. */
function zeros(bytes: number): Hex {
  return `0x${"00".repeat(bytes)}`;
}
