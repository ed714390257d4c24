import { expect } from "chai";
import fc from "fast-check";
import {
  concat,
  encodeAbiParameters,
  type Hex,
  hexToBytes,
  pad,
  parseAbiParameters,
  size,
  slice,
  toHex,
} from "viem";
import type { Call, Session } from "#sdk/session/Session.ts";
import { arbitraryAddress, arbitrarySession, arbitraryUint } from "../../sdk/arbitrarySession.ts";
import { sessionBytes } from "../sessionBytes.ts";
import { ask, payee, payment, session, useAccounts } from "./erc7579Fixture.ts";

/** viem's encoding of the arguments of `execute`, whatever stands for the session. */
const argumentsWith = (session: Hex, grant: Hex, calls: readonly Call[]): Hex =>
  encodeAbiParameters(parseAbiParameters("bytes, bytes, (address target, uint256 value, bytes data)[]"), [
    session,
    grant,
    calls,
  ]);
/** In lower case, as answers are. */
const bytesOf = (of: Session): Hex => sessionBytes(of).toLowerCase() as Hex;
const argumentsOf = (of: Session, grant: Hex, calls: readonly Call[]): Hex =>
  argumentsWith(bytesOf(of), grant, calls);
type Read = [ok: boolean, session: Hex, grant: Hex, encodedAgain: Hex];
const tryRead = (encoded: Hex) => ask<Read>("CanonicalExecutionHarness", "tryRead", [encoded]);

/** What the harness says of changed arguments. */
const [REFUSED, ANOTHER_CANONICAL, MISREAD, REVERTED] = [0, 1, 2, 3];
const AT_ONCE = 100;

/** Arguments with one byte changed, many at a time: what becomes of each. */
async function verdictsOf(encoded: Hex, changes: [position: number, byte: number][]): Promise<number[]> {
  const verdicts: number[] = [];
  for (let i = 0; i < changes.length; i += AT_ONCE) {
    const some = changes.slice(i, i + AT_ONCE);
    verdicts.push(
      ...(await ask<number[]>("CanonicalExecutionHarness", "tryReadChanged", [
        encoded,
        some.map(([position]) => BigInt(position)),
        `0x${some.map(([, byte]) => byte.toString(16).padStart(2, "0")).join("")}`,
      ])),
    );
  }
  return verdicts;
}

const arbitraryBytes = (most: number) =>
  fc.uint8Array({ maxLength: most }).map((bytes): Hex => `0x${Buffer.from(bytes).toString("hex")}`);
const arbitraryCalls = fc.array(
  fc.record({ target: arbitraryAddress, value: arbitraryUint(256), data: arbitraryBytes(100) }),
  { maxLength: 4 },
);

/** Arguments with a word, counted from 0, replaced. */
const withWord = (encoded: Hex, index: number, word: bigint): Hex =>
  concat([
    index === 0 ? "0x" : slice(encoded, 0, 32 * index),
    toHex(word, { size: 32 }),
    size(encoded) > 32 * (index + 1) ? slice(encoded, 32 * (index + 1)) : "0x",
  ]);
const wordsOf = (encoded: Hex): bigint[] =>
  (encoded.slice(2).match(/.{64}/g) ?? []).map((word) => BigInt(`0x${word}`));

describe("CanonicalExecution", () => {
  useAccounts();

  const small = () =>
    session({
      actions: [{ target: payee, selector: "0x12345678", rules: [{ offset: 4, op: 0, value: pad("0x2a") }] }],
    });
  /** A session with a budget, an action and a rule, a grant with padding, a call with padding between two with none. */
  const sample = () =>
    argumentsOf(small(), "0x0102030405", [
      payment,
      { target: payee, value: 7n, data: "0xa9059cbb0011" },
      payment,
    ]);

  it("reads everything that viem encodes", async function () {
    this.timeout(60_000);
    await fc.assert(
      fc.asyncProperty(arbitrarySession(), arbitraryBytes(100), arbitraryCalls, async (of, grant, calls) => {
        const encoded = argumentsOf(of, grant, calls);
        expect(await tryRead(encoded)).to.deep.equal([true, bytesOf(of), grant, encoded]);
      }),
      { numRuns: 60 },
    );
  });
  it("reads the smallest: no session, no grant, no calls", async () => {
    const encoded = argumentsWith("0x", "0x", []);
    expect(await tryRead(encoded)).to.deep.equal([true, "0x", "0x", encoded]);
    expect((await tryRead(slice(encoded, 0, size(encoded) - 1)))[0]).to.equal(false);
  });

  it("rejects a change of any byte, or reads what it then encodes, and never reverts", async function () {
    this.timeout(60_000);
    const encoded = sample();
    const changes = [...hexToBytes(encoded)].flatMap((byte, position) =>
      [byte ^ 0x01, byte ^ 0x20, byte ^ 0x80, 0xff, 0x00]
        .filter((other, i, all) => other !== byte && all.indexOf(other) === i)
        .map((other): [number, number] => [position, other]),
    );
    const verdicts = await verdictsOf(encoded, changes);
    expect(verdicts).to.have.length(changes.length);
    const told = (verdict: number) => changes.filter((_, i) => verdicts[i] === verdict).map(([at]) => at);
    expect(told(REVERTED), "positions where it reverts").to.deep.equal([]);
    expect(told(MISREAD), "positions where it reads what is not there").to.deep.equal([]);
    // So that neither of the two remaining verdicts is all that there is.
    expect(told(REFUSED).length).to.be.greaterThan(1000);
    expect(told(ANOTHER_CANONICAL).length).to.be.greaterThan(100);
  });
  it("refuses a change of any byte of an offset, a count or padding", async function () {
    this.timeout(60_000);
    const encoded = sample();
    const words = wordsOf(encoded);
    const wordAt = (at: number) => Number(words[at / 32]);
    const [grantAt, callsAt] = [wordAt(32), wordAt(64)];
    const calls = [callsAt + 32, callsAt + 64, callsAt + 96].map((offset) => callsAt + 32 + wordAt(offset));
    // The offsets of the three arguments, the count of the calls, the offsets of the three, and of what each carries.
    const fixed = [
      0,
      32,
      64,
      callsAt,
      callsAt + 32,
      callsAt + 64,
      callsAt + 96,
      ...calls.map((at) => at + 64),
    ];
    // With another last byte a length may be that of bytes with one zero more or less.
    const lengths = [96, grantAt, ...calls.map((at) => at + 96)];
    const places = (at: number, count: number) => [...Array(count).keys()].map((i) => at + i);
    /** The zeros behind the bytes whose length stands there. */
    const padding = (at: number) => {
      const end = at + 32 + wordAt(at);
      return places(end, (32 - (end % 32)) % 32);
    };
    const paddings = lengths.map(padding);
    expect(paddings.map(({ length }) => length > 0)).to.deep.equal([true, true, false, true, false]);
    const changed = [
      ...fixed.flatMap((at) => places(at, 32)),
      ...lengths.flatMap((at) => places(at, 31)),
      ...paddings.flat(),
    ];
    const verdicts = await verdictsOf(
      encoded,
      changed.map((at) => [at, (hexToBytes(encoded)[at] ?? 0) ^ 0x01]),
    );
    expect(changed.filter((_, i) => verdicts[i] !== REFUSED)).to.deep.equal([]);
  });
  it("never reverts on words that overflow, point back, or point past the end", async function () {
    this.timeout(60_000);
    const encoded = sample();
    const length = BigInt(size(encoded));
    const words = wordsOf(encoded);
    for (const [i, word] of words.entries()) {
      for (const other of [
        0n,
        1n,
        word + 32n,
        word === 0n ? 33n : word - 1n,
        length,
        length - 32n,
        2n ** 32n - 1n,
        2n ** 32n,
        2n ** 255n,
        2n ** 256n - 1n,
        2n ** 256n - 32n,
        2n ** 256n - length,
      ]) {
        if (other === word) continue;
        const changed = withWord(encoded, i, other % 2n ** 256n);
        const [ok, , , encodedAgain] = await tryRead(changed);
        if (ok) expect(encodedAgain, `word ${i} = ${other}`).to.equal(changed);
      }
    }
  });
  it("rejects every shorter and longer encoding", async function () {
    this.timeout(60_000);
    const encoded = sample();
    for (let length = 0; length < size(encoded); length += 7) {
      expect((await tryRead(length === 0 ? "0x" : slice(encoded, 0, length)))[0], `${length}`).to.equal(
        false,
      );
    }
    for (const behind of ["0x00", "0xff", pad("0x"), pad("0x01"), payee, `0x${"00".repeat(64)}`] as Hex[]) {
      expect((await tryRead(concat([encoded, behind])))[0]).to.equal(false);
    }
  });
  it("refuses a gap, an overlap and another order", async () => {
    const encoded = argumentsOf(session(), "0x", [payment]);
    const words = wordsOf(encoded);
    const grantAt = Number(words[1]) / 32;
    const callsAt = Number(words[2]) / 32;
    const part = (from: number, to = words.length) =>
      words.slice(from, to).map((word) => toHex(word, { size: 32 }));
    const head = (grant: number, calls: number) =>
      [96, 32 * grant, 32 * calls].map((offset) => toHex(offset, { size: 32 }));
    const of = part(3, grantAt);
    const [grant, calls] = [part(grantAt, callsAt), part(callsAt)];
    expect(concat([...head(grantAt, callsAt), ...of, ...grant, ...calls]), "canonical").to.equal(encoded);
    const forms: Record<string, Hex> = {
      "the calls before the grant": concat([
        ...head(grantAt + calls.length, grantAt),
        ...of,
        ...calls,
        ...grant,
      ]),
      "a word between session and grant": concat([
        ...head(grantAt + 1, callsAt + 1),
        ...of,
        pad("0x"),
        ...grant,
        ...calls,
      ]),
      "a word between grant and calls": concat([
        ...head(grantAt, callsAt + 1),
        ...of,
        ...grant,
        pad("0x"),
        ...calls,
      ]),
      "a word before the session": concat([
        ...[128, 32 * (grantAt + 1), 32 * (callsAt + 1)].map((offset) => toHex(offset, { size: 32 })),
        pad("0x"),
        ...of,
        ...grant,
        ...calls,
      ]),
      "the grant inside the calls": concat([...head(words.length - 2, grantAt), ...of, ...calls]),
    };
    for (const [name, form] of Object.entries(forms)) {
      expect((await tryRead(form))[0], name).to.equal(false);
    }
  });
  describe("rejects data read from a copy in a call's bytes, with other data in its place:", () => {
    const calls = [payment, { target: payee, value: 7n, data: "0xa9059cbb0011" as Hex }];
    const word = (encoded: Hex, at: number) => Number(BigInt(slice(encoded, at, at + 32)));
    /** Where the offset stands, and where what it is counted from begins: in bytes of the arguments. */
    type Place = (encoded: Hex) => { offsetAt: number; base: number };
    const list = (encoded: Hex) => word(encoded, 64) + 32;
    const places: Record<string, Place> = {
      "the session": () => ({ offsetAt: 0, base: 0 }),
      "the grant": () => ({ offsetAt: 32, base: 0 }),
      "the calls": () => ({ offsetAt: 64, base: 0 }),
      "the first call": (encoded) => ({ offsetAt: list(encoded), base: list(encoded) }),
      "the second call": (encoded) => ({ offsetAt: list(encoded) + 32, base: list(encoded) }),
      "what a call carries": (encoded) => {
        const base = list(encoded) + word(encoded, list(encoded) + 32);
        return { offsetAt: base + 64, base };
      },
    };
    for (const [name, place] of Object.entries(places)) {
      it(name, async () => {
        const plain = argumentsOf(session(), "0x0102030405", calls);
        const there = place(plain);
        const copy = slice(plain, there.base + word(plain, there.offsetAt));
        const holding = argumentsOf(session(), "0x0102030405", [
          ...calls,
          { target: payee, value: 0n, data: copy },
        ]);
        expect((await tryRead(holding))[0], "canonical").to.equal(true);
        const { offsetAt, base } = place(holding);
        const moved = withWord(holding, offsetAt / 32, BigInt(size(holding) - size(copy) - base));
        expect((await tryRead(moved))[0]).to.equal(false);
      });
    }
  });
  it("rejects a grant whose length overflows back to calls in the session's bytes", async () => {
    // One call, at 32: target, value, offset and length of its bytes, which are the word behind, the last.
    const call = [1n, 32n, BigInt(payee), 0n, 96n, 32n].map((one) => toHex(one, { size: 32 }));
    const encoded = argumentsWith(concat(call), "0x", []);
    const grantAt = Number(wordsOf(encoded)[1]);
    const callsAt = grantAt - 32 * call.length;
    const wrapping = 2n ** 256n - BigInt(grantAt + 32 - callsAt);
    const wrapped = concat([slice(withWord(encoded, 2, BigInt(callsAt)), 0, grantAt), toHex(wrapping)]);
    const [ok] = await tryRead(wrapped).catch(() => [true]);
    expect(ok).to.equal(false);
  });
  it("rejects two calls that share bytes, or are out of order", async () => {
    const two = argumentsOf(session(), "0x", [payment, { ...payment, value: 1n }]);
    const callsAt = Number(wordsOf(two)[2]) / 32;
    const [first, second] = wordsOf(two).slice(callsAt + 1, callsAt + 3) as [bigint, bigint];
    const shared = withWord(two, callsAt + 2, first);
    expect((await tryRead(shared))[0], "both are the first").to.equal(false);
    const swapped = withWord(withWord(two, callsAt + 1, second), callsAt + 2, first);
    expect((await tryRead(swapped))[0], "the second is first").to.equal(false);
  });
  it("rejects a call target of more than 20 bytes, and accepts any value", async () => {
    const encoded = sample();
    const words = wordsOf(encoded);
    const list = Number(words[2]) / 32 + 1;
    for (const i of [0, 1]) {
      const at = list + Number(words[list + i]) / 32;
      for (const more of [2n ** 160n, 2n ** 255n]) {
        const dirty = withWord(encoded, at, (words[at] ?? 0n) + more);
        expect((await tryRead(dirty))[0], `call ${i}`).to.equal(false);
      }
      const most = withWord(encoded, at + 1, 2n ** 256n - 1n);
      expect((await tryRead(most))[0], "the value fits").to.equal(true);
    }
  });
});
