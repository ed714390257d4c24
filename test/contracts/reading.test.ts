import { deployMock, type Mock } from "@latchkey/accounts/deployMock";
import { openTestChain } from "@latchkey/devchain";
import { expect } from "chai";
import fc from "fast-check";
import { network } from "hardhat";
import {
  type AbiParameter,
  type Address,
  concat,
  decodeFunctionResult,
  encodeAbiParameters,
  type Hex,
  hashStruct,
  numberToHex,
  size,
  toHex,
} from "viem";
import type { Call, Session } from "#sdk/session/Session.ts";
import { SEED } from "../environment/seed.ts";
import { address, anyCarried, bits, bitsOf } from "./anySession.ts";
import { ownArtifact, sessionTypes } from "./fixture.ts";
import { BUDGET_LEFT_OUT, readPayload, readSession, type SessionReading } from "./readingByHand.ts";
import { type LeftOut, number, packed, partsOf, sessionBytes } from "./sessionBytes.ts";

/** Sessions are tampered with twice as often, payloads once. Divisible by 8. */
const numRuns = process.env.LATCHKEY_DEEP ? 50_000 : 800;
const seed = SEED;

/** What is in memory of a session from which something is left out. */
const withoutParts = (of: Session, { budgets = [], actions = false }: LeftOut): Session => ({
  ...of,
  budgets: of.budgets.map((one, i) => (budgets.includes(i) ? BUDGET_LEFT_OUT : one)),
  actions: actions ? [] : of.actions,
});

/** One thing that is done to bytes. */
type Edit = {
  at: number;
  to: number;
  word: bigint;
  kind: "byte" | "bit" | "word" | "insert" | "remove" | "longer";
};
const edit = fc.record({
  at: fc.oneof(fc.nat(80), fc.nat(4_000)),
  to: fc.oneof(fc.nat(40), fc.nat(255), fc.constantFrom(0, 1, 8, 9, 32, 33, 254, 255)),
  word: bits(256n),
  kind: fc.constantFrom<Edit["kind"][]>("byte", "byte", "bit", "word", "insert", "remove", "longer"),
});
const edited = (bytes: Hex, edits: readonly Edit[]): Hex => {
  const all = Array.from(Buffer.from(bytes.slice(2), "hex"));
  for (const { at: anywhere, to, word, kind } of edits) {
    if (all.length === 0) break;
    const at = anywhere % all.length;
    if (kind === "byte") all[at] = to;
    if (kind === "bit") all[at] = (all[at] as number) ^ (1 << (to % 8));
    if (kind === "insert") all.splice(at, 0, to);
    if (kind === "remove") all.splice(at, 1 + (to % 3));
    // What would be a number with a zero in front, if a number stands there.
    if (kind === "longer") all.splice(at, 1, ((all[at] as number) + 1) % 256, 0);
    if (kind === "word") {
      const digits = Array.from(Buffer.from(word.toString(16).padStart(64, "0"), "hex"));
      for (let i = 0; i < 32 && at + i < all.length; ++i) all[at + i] = digits[i] as number;
    }
  }
  return `0x${Buffer.from(all).toString("hex")}`;
};
/** What is done to bytes before they are shown. */
const tampering = fc.record({
  edits: fc.array(edit, { maxLength: 4 }),
  cut: fc.oneof({ arbitrary: fc.constant(0), weight: 5 }, { arbitrary: fc.nat(100), weight: 1 }),
  more: fc.oneof({ arbitrary: fc.constant(0), weight: 5 }, { arbitrary: fc.nat(70), weight: 1 }),
});
const tamperedWith = (
  bytes: Hex,
  { edits, cut, more }: { edits: readonly Edit[]; cut: number; more: number },
): Hex => {
  const changed = edited(bytes, edits);
  const kept = changed.slice(0, Math.max(2, changed.length - 2 * cut));
  return `${kept as Hex}${"01".repeat(more)}`;
};

/** One thing that is done to a session's fields, each of which stands for itself. */
type Twist = { kind: "replace" | "flag" | "code"; at: number; bytes: Hex; to: number };
const twist: fc.Arbitrary<Twist> = fc.record({
  kind: fc.constantFrom("replace", "replace", "flag", "code"),
  at: fc.oneof(fc.nat(12), fc.nat(2_000)),
  bytes: fc.oneof(
    fc.constantFrom<Hex[]>(
      "0x",
      "0x00",
      "0x0100",
      "0x0101",
      "0x020001",
      "0xff",
      "0x20",
      "0x21",
      "0x08",
      "0x09",
    ),
    fc.constantFrom<Hex[]>(`0x${"ff".repeat(20)}`, `0x${"00".repeat(20)}`),
    // All ones, and one byte more than there may be.
    fc
      .constantFrom(4, 5, 8, 9, 16, 17, 20, 21, 32, 33)
      .map((width): Hex => concat([numberToHex(width, { size: 1 }), `0x${"ff".repeat(width)}`])),
    bits(256n).map(number),
  ),
  to: fc.nat(7),
});
const CODED = ["epoch", "gasAllowance", "paymaster"];
const twisted = (of: Session, leftOut: LeftOut, twists: readonly Twist[]): Hex => {
  let parts = partsOf(of, leftOut);
  for (const { kind, at, bytes, to } of twists) {
    const i = at % parts.length;
    const [name, was] = parts[i] as [string, Hex];
    if (kind === "replace") parts = parts.with(i, [name, bytes]);
    if (kind === "flag" && was !== "0x")
      parts = parts.with(i, [name, toHex(BigInt(was) ^ (1n << BigInt(to)), { size: size(was) })]);
    if (kind === "code") {
      // Its field follows, or stands there in another way: 0, all ones, too wide, with a zero in front.
      const which = to % 3;
      const codes = Number(partsOf(of, leftOut)[2]?.[1]) | (3 << (2 * which));
      const field = CODED[which] as string;
      const others = parts.filter(([part]) => part !== field);
      const before = ["validAfter", "validUntil", "codes", ...CODED.slice(0, which)];
      parts = [
        ...others.filter(([part]) => before.includes(part)),
        [field, bytes],
        ...others.filter(([part]) => !before.includes(part)),
      ].map(([part, value]) => [
        part,
        part === "codes" ? toHex(codes ^ (1 << (2 * which)), { size: 1 }) : value,
      ]) as [string, Hex][];
    }
  }
  return concat([of.account, of.key, ...parts.map(([, bytes]) => bytes)]).toLowerCase() as Hex;
};

describe(`parsing untrusted input (seed ${seed})`, function () {
  this.timeout(process.env.LATCHKEY_DEEP ? 0 : 180_000);

  let reader: Mock;
  let ask: (functionName: string, args: readonly unknown[]) => Promise<unknown>;
  let close: () => Promise<void>;
  before(async () => {
    const connection = await network.create("ethereum");
    close = () => connection.close();
    const testChain = await openTestChain(connection.provider);
    reader = await deployMock(testChain, "DirtyMemoryReader");
    /** Rejects where the reader reverts, which it never may: it also does where memory was damaged. */
    ask = async (functionName, args) => {
      const data = await connection.provider.request({
        method: "eth_call",
        params: [{ to: reader.address, data: reader.encode(functionName, args), gas: "0xf42400" }, "latest"],
      });
      return decodeFunctionResult({ abi: reader.abi, functionName, data: data as Hex });
    };
  });
  after(() => close());

  /* SESSIONS */

  const [sessionParameter] = ownArtifact("contracts/SessionLens.sol", "SessionLens").abi.flatMap((item) =>
    item.type === "function" && item.name === "hash" ? item.inputs : [],
  ) as [AbiParameter];
  const copyOf = (session: Session): Hex => encodeAbiParameters([sessionParameter], [session as never]);

  type Answer = { ok: boolean; id: Hex; leftOut: bigint; copy: Hex };
  const read = async (bytes: Hex): Promise<Answer> => {
    const [ok, id, leftOut, copy] = (await ask("readSession", [bytes])) as [boolean, Hex, bigint, Hex];
    return { ok, id, leftOut, copy };
  };
  /** That the contract reads the bytes as they are read by hand. */
  const readAlike = async (bytes: Hex): Promise<SessionReading | undefined> => {
    const expected = readSession(bytes);
    const answer = await read(bytes);
    expect(answer.ok, "is a session").to.equal(expected !== undefined);
    if (!expected) return undefined;
    expect(answer.id).to.equal(expected.id);
    expect(answer.leftOut).to.equal(expected.leftOut);
    expect(answer.copy).to.equal(copyOf(expected.session));
    return expected;
  };

  it("gives every session, complete or not, its EIP-712 id and a faithful copy of its parts", () =>
    fc.assert(
      fc.asyncProperty(anyCarried, async ({ of, leftOut }) => {
        const answer = await read(sessionBytes(of, leftOut));
        expect(answer.ok).to.equal(true);
        expect(answer.id).to.equal(hashStruct({ types: sessionTypes, primaryType: "Session", data: of }));
        expect(answer.leftOut).to.equal(bitsOf(leftOut));
        expect(answer.copy).to.equal(copyOf(withoutParts(of, leftOut)));
      }),
      { numRuns: numRuns / 4, seed },
    ));

  const outcomes = { same: 0, other: 0, refused: 0 };
  /** That the bytes are read by the letter or refused, and mean what they were made of only if they are its encoding. */
  const judge = async (tampered: Hex, of: Session, leftOut: LeftOut) => {
    const bytes = sessionBytes(of, leftOut).toLowerCase();
    const reading = await readAlike(tampered);
    outcomes[!reading ? "refused" : tampered === bytes ? "same" : "other"]++;
    if (!reading) return;
    const id = hashStruct({ types: sessionTypes, primaryType: "Session", data: of });
    // With the same parts left out, the same id has one encoding; another meaning has another id.
    if (reading.leftOut === bitsOf(leftOut)) expect(reading.id === id).to.equal(tampered === bytes);
    if (reading.leftOut === 0n)
      expect(sessionBytes(reading.session).toLowerCase(), "the one encoding").to.equal(tampered);
    if (reading.id === id)
      expect(reading.session).to.deep.equal(withoutParts(of, partsOfBits(reading.leftOut)));
  };
  it("parses tampered bytes exactly or rejects them, and never parses two in the same way", () =>
    fc.assert(
      fc.asyncProperty(anyCarried, tampering, ({ of, leftOut }, how) =>
        judge(tamperedWith(sessionBytes(of, leftOut), how), of, leftOut),
      ),
      { numRuns, seed },
    ));
  it("does so for fields in a non-canonical or invalid encoding", () =>
    fc.assert(
      fc.asyncProperty(
        anyCarried,
        fc.array(twist, { minLength: 1, maxLength: 2 }),
        ({ of, leftOut }, twists) => judge(twisted(of, leftOut, twists), of, leftOut),
      ),
      { numRuns, seed },
    ));

  it("was tested with unchanged, changed and rejected sessions", () => {
    for (const [what, count] of Object.entries(outcomes)) expect(count, what).to.be.greaterThan(numRuns / 20);
  });

  const partsOfBits = (leftOut: bigint): LeftOut => ({
    budgets: Array.from({ length: 8 }, (_, i) => i).filter((i) => (leftOut >> BigInt(i)) % 2n === 1n),
    actions: leftOut >> 8n === 1n,
  });

  it("agrees with an independent parser on arbitrary bytes", () =>
    fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (bytes) => {
        await readAlike(`0x${Buffer.from(bytes).toString("hex")}`);
      }),
      { numRuns: numRuns / 4, seed },
    ));

  /* PAYLOADS */

  type Read = {
    ok: boolean;
    payload: Record<string, unknown>;
    length: bigint;
    id: Hex;
    leftOut: bigint;
    session: Hex;
    rest: Hex;
  };
  const readPayloadAlike = async (payload: Hex, account: Address, key: Address): Promise<Read> => {
    const answer = (await ask("readPayload", [payload, account, key])) as Read;
    const expected = readPayload(payload, account, key);
    expect(answer.ok, "is a payload").to.equal(expected !== undefined);
    if (!expected) return answer;
    const { carried, ...header } = expected;
    expect(answer.payload).to.deep.equal(header);
    expect(answer.length !== 0n, "has a session").to.equal(carried !== undefined);
    if (!carried) return answer;
    const { id, leftOut, length, rest, session } = carried;
    expect(answer).to.deep.include({ id, leftOut, length: BigInt(length), rest, session: copyOf(session) });
    return answer;
  };

  const hash = bits(256n).map((value): Hex => numberToHex(value, { size: 32 }));
  const anyPayload = (version: number) =>
    fc
      .record({
        carried: anyCarried,
        budgetIndex: fc.nat(255),
        slot: fc.record({ lot: bits(128n), size: fc.nat(255), index: bits(16n) }),
        payee: bits(160n),
        value: bits(128n),
        validAfter: bits(256n),
        validBefore: bits(256n),
        domain: fc.nat(5),
        name: hash,
        facilitator: address,
        r: hash,
        vs: hash,
        grant: fc.uint8Array({ maxLength: 200, minLength: 1 }),
      })
      .map(({ carried: { of, leftOut }, slot, ...rest }) => ({
        of,
        grant: `0x${version % 2 ? "" : Buffer.from(rest.grant).toString("hex")}` as Hex,
        payload: concat([
          numberToHex(version, { size: 1 }),
          version > 2 ? of.key : "0x",
          numberToHex(rest.budgetIndex, { size: 1 }),
          number(slot.lot),
          numberToHex(slot.size, { size: 1 }),
          ...[slot.index, rest.payee, rest.value, rest.validAfter, rest.validBefore].map(number),
          numberToHex(rest.domain, { size: 1 }),
          rest.domain === 0 ? concat([rest.name, rest.vs]) : rest.domain === 5 ? rest.facilitator : "0x",
          rest.r,
          rest.vs,
          packed(of, leftOut),
          version % 2 ? "0x" : `0x${Buffer.from(rest.grant).toString("hex")}`,
        ]),
      }));

  const tally = { session: 0, header: 0, none: 0 };
  for (const version of [1, 2, 3, 4]) {
    it(`finds the session that the owner signed, followed by the grant, in a payload of version ${version}`, () =>
      fc.assert(
        fc.asyncProperty(anyPayload(version), async ({ of, payload, grant }) => {
          const answer = await readPayloadAlike(payload, of.account, of.key);
          expect(answer.id).to.equal(hashStruct({ types: sessionTypes, primaryType: "Session", data: of }));
          expect(answer.rest).to.equal(grant);
        }),
        { numRuns: numRuns / 8, seed },
      ));
    it(`parses a tampered payload of version ${version} exactly or rejects it; it never reverts`, () =>
      fc.assert(
        fc.asyncProperty(anyPayload(version), tampering, async ({ of, payload }, how) => {
          const answer = await readPayloadAlike(tamperedWith(payload, how), of.account, of.key);
          tally[answer.length !== 0n ? "session" : answer.ok ? "header" : "none"]++;
        }),
        { numRuns: numRuns / 4, seed },
      ));
  }

  it("was tested with valid payloads, payloads without a session, and invalid ones", () => {
    for (const [what, count] of Object.entries(tally)) expect(count, what).to.be.greaterThan(numRuns / 20);
  });

  it("rejects a number with leading zeros in any of a payload's own fields", async () => {
    const [sample] = fc.sample(anyPayload(1), { numRuns: 1, seed });
    if (!sample) throw new Error("no sample");
    const { of, payload } = sample;
    const good = readPayload(payload, of.account, of.key);
    if (!good) throw new Error("no payload");
    // Version and index of the budget, then the numbers; a byte of size behind the first.
    let at = 2;
    for (const [i, width] of [16, 2, 20, 16, 32, 32].entries()) {
      const digits = payload.slice(2 + 2 * at + 2);
      const count = Number.parseInt(payload.slice(2 + 2 * at, 4 + 2 * at), 16);
      const longer: Hex = `${payload.slice(0, 2 + 2 * at) as Hex}${(count + 1).toString(16).padStart(2, "0")}00${digits}`;
      const answer = await readPayloadAlike(longer, of.account, of.key);
      expect(answer.ok, `number ${i} of ${width} bytes`).to.equal(false);
      at += 1 + count + (i === 0 ? 1 : 0);
    }
  });

  /* CALLS */

  it("copies every call faithfully", () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            target: address,
            value: bits(256n),
            data: fc
              .uint8Array({ maxLength: 300 })
              .map((bytes): Hex => `0x${Buffer.from(bytes).toString("hex")}`),
          }),
          { minLength: 1, maxLength: 6 },
        ),
        fc.nat(5),
        async (calls: Call[], any) => {
          const i = any % calls.length;
          expect(await ask("readCall", [calls, BigInt(i)])).to.deep.equal(calls[i]);
        },
      ),
      { numRuns: numRuns / 8, seed },
    ));
});
