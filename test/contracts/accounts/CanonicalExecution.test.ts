import { expect } from "chai";
import fc from "fast-check";
import { concat, type Hex, hexToBytes, pad, size, slice, toHex } from "viem";
import { hashSession } from "../../../packages/sdk/src/hashSession.ts";
import type { Call, Session } from "../../../packages/sdk/src/Session.ts";
import { arbitraryAddress, arbitrarySession, arbitraryUint } from "../../sdk/arbitrarySession.ts";
import {
  ask,
  executeOf,
  MODULE,
  OTHER_ACCOUNT,
  payee,
  payment,
  session,
  stranger,
  useAccounts,
} from "./erc7579Fixture.ts";

/** viem's encoding of the arguments of `execute`. */
const argumentsOf = (of: Session, grant: Hex, calls: readonly Call[]): Hex =>
  slice(executeOf(of, grant, calls), 4);
const tryRead = (encoded: Hex) =>
  ask<[ok: boolean, id: Hex, encodedAgain: Hex]>("CanonicalExecutionHarness", "tryRead", [encoded]);

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
  /** A session with a budget, an action and a rule, a grant with padding, a call with padding and one with none. */
  const sample = () =>
    argumentsOf(small(), "0x0102030405", [payment, { target: payee, value: 7n, data: "0xa9059cbb0011" }]);

  it("reads what viem encodes, whatever it is", async function () {
    this.timeout(60_000);
    await fc.assert(
      fc.asyncProperty(arbitrarySession(), arbitraryBytes(100), arbitraryCalls, async (of, grant, calls) => {
        const encoded = argumentsOf(of, grant, calls);
        const [ok, id, encodedAgain] = await tryRead(encoded);
        expect(ok).to.equal(true);
        expect(id).to.equal(hashSession(of));
        expect(encodedAgain).to.equal(encoded);
      }),
      { numRuns: 60 },
    );
  });
  it("reads the smallest: no lists, no grant, no calls", async () => {
    const encoded = argumentsOf(session({ budgets: [] }), "0x", []);
    expect((await tryRead(encoded))[0]).to.equal(true);
    expect((await tryRead(slice(encoded, 0, size(encoded) - 1)))[0]).to.equal(false);
  });

  it("refuses a change of any byte, or reads it as what it encodes now, and never reverts", async function () {
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
    /** Numbers of words that are offsets, counts of elements, or the last of bytes that do not fill it. */
    const structure = words.flatMap((word, i) => {
      const isOffset = word >= 32n && word <= BigInt(size(encoded)) && word % 32n === 0n;
      return isOffset || (word > 0n && word <= 2n) ? [i] : [];
    });
    // The three heads, the session's two lists, and in each list the elements: all of them are among these.
    expect(structure.slice(0, 3)).to.deep.equal([0, 1, 2]);
    const changes = structure.flatMap((i) =>
      [...Array(31).keys()].map((byte): [number, number] => [32 * i + byte, 0x01]),
    );
    const verdicts = await verdictsOf(encoded, changes);
    // Among small words are also amounts and the like, whose higher bytes are another session's.
    const offsets = structure.filter((i) => (words[i] ?? 0n) >= 32n && i < 3);
    for (const [i, [position]] of changes.entries()) {
      expect(verdicts[i]).to.not.equal(REVERTED);
      expect(verdicts[i]).to.not.equal(MISREAD);
      if (offsets.includes(Math.floor(position / 32))) expect(verdicts[i]).to.equal(REFUSED);
    }
    const last = size(encoded);
    // The last call has 6 bytes of data: 26 bytes of padding end the arguments.
    const padding = [...Array(26).keys()].map((i): [number, number] => [last - 1 - i, 0x01]);
    expect(new Set(await verdictsOf(encoded, padding))).to.deep.equal(new Set([REFUSED]));
  });
  it("never reverts on words that wrap, point back, or point behind the end", async function () {
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
        const [ok, , encodedAgain] = await tryRead(changed);
        if (ok) expect(encodedAgain, `word ${i} = ${other}`).to.equal(changed);
      }
    }
  });
  it("refuses every shorter and every longer form", async function () {
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
  describe("refuses a session of which a part is read from a call's bytes, while another part stands in its place:", () => {
    const whole = () =>
      session({
        budgets: session().budgets.flatMap((one) => [
          one,
          { ...one, token: payee, recipients: [payee, MODULE] },
        ]),
        actions: [1, 2].map((n) => ({
          target: n === 1 ? stranger.address : OTHER_ACCOUNT,
          selector: "0x12345678",
          rules: [{ offset: 4, op: 0, value: pad(`0x0${n}`) }],
        })),
      });
    /** Where the offset stands, and where what it is counted from begins: in bytes of the arguments. */
    type Place = (word: (at: number) => number) => { offsetAt: number; base: number };
    const budgets = 96 + 320 + 32;
    const actions = (word: (at: number) => number) => 96 + word(96 + 288) + 32;
    const places: Record<string, Place> = {
      "the budgets": () => ({ offsetAt: 96 + 256, base: 96 }),
      "the first budget": () => ({ offsetAt: budgets, base: budgets }),
      "the second budget": () => ({ offsetAt: budgets + 32, base: budgets }),
      "a budget's recipients": (word) => {
        const budget = budgets + word(budgets + 32);
        return { offsetAt: budget + 256, base: budget };
      },
      "the actions": () => ({ offsetAt: 96 + 288, base: 96 }),
      "the first action": (word) => ({ offsetAt: actions(word), base: actions(word) }),
      "the second action": (word) => ({ offsetAt: actions(word) + 32, base: actions(word) }),
      "an action's rules": (word) => {
        const action = actions(word) + word(actions(word) + 32);
        return { offsetAt: action + 64, base: action };
      },
    };
    for (const [name, place] of Object.entries(places)) {
      it(name, async () => {
        const plain = argumentsOf(whole(), "0x", []);
        const word = (at: number) => Number(BigInt(slice(plain, at, at + 32)));
        const { offsetAt, base } = place(word);
        const copy = slice(plain, base + word(offsetAt), word(32));
        const holding = argumentsOf(whole(), "0x", [{ target: payee, value: 0n, data: copy }]);
        expect((await tryRead(holding))[0], "canonical").to.equal(true);
        const moved = withWord(holding, offsetAt / 32, BigInt(size(holding) - size(copy) - base));
        expect((await tryRead(moved))[0]).to.equal(false);
      });
    }
  });
  it("refuses a grant whose length wraps back to calls that stand among a budget's recipients", async () => {
    const [budget] = session().budgets;
    if (!budget) throw new Error("no budget");
    // One call, at 32: target, value, offset and length of its bytes, which are the two words up to the end.
    const call = [1n, 32n, BigInt(payee), 0n, 96n, 64n].map((word) => toHex(word, { size: 20 }));
    const encoded = argumentsOf(
      session({ budgets: [{ ...budget, recipients: [payee, ...call] }] }),
      "0x",
      [],
    );
    const grantAt = Number(wordsOf(encoded)[1]);
    const callsAt = grantAt - 32 * (1 + call.length);
    const wrapping = 2n ** 256n - BigInt(grantAt + 32 - callsAt);
    const wrapped = concat([slice(withWord(encoded, 2, BigInt(callsAt)), 0, grantAt), toHex(wrapping)]);
    const [ok] = await tryRead(wrapped).catch(() => [true]);
    expect(ok).to.equal(false);
  });
  it("refuses two calls that share their bytes, or stand in another order", async () => {
    const two = argumentsOf(session(), "0x", [payment, { ...payment, value: 1n }]);
    const callsAt = Number(wordsOf(two)[2]) / 32;
    const [first, second] = wordsOf(two).slice(callsAt + 1, callsAt + 3) as [bigint, bigint];
    const shared = withWord(two, callsAt + 2, first);
    expect((await tryRead(shared))[0], "both are the first").to.equal(false);
    const swapped = withWord(withWord(two, callsAt + 1, second), callsAt + 2, first);
    expect((await tryRead(swapped))[0], "the second is first").to.equal(false);
  });
  it("leaves no words that do not fit their type: in the calls itself, in the session by what enabling it asks", async () => {
    const encoded = sample();
    const words = wordsOf(encoded);
    // Account, key, validAfter, validUntil, epoch, gasAllowance, paymaster; and the first call's target.
    const callsAt = Number(words[2]) / 32;
    const firstCall = callsAt + 1 + Number(words[callsAt + 1]) / 32;
    for (const i of [3, 4, 5, 6, 7, 9, 10, firstCall]) {
      const dirty = withWord(encoded, i, (words[i] ?? 0n) + 2n ** 255n);
      expect((await tryRead(dirty))[0], `word ${i}`).to.equal(false);
    }
    const salt = withWord(encoded, 8, 2n ** 256n - 1n);
    expect((await tryRead(salt))[0], "the salt fits").to.equal(true);
  });
});
