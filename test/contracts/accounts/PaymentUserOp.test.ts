import { expect } from "chai";
import fc from "fast-check";
import { type Address, concat, type Hex, hexToBytes, isAddressEqual, pad, size, slice, toHex } from "viem";
import { hashCarriedSession } from "#sdk/session/hashCarriedSession.ts";
import { hashSession } from "#sdk/session/hashSession.ts";
import { ANYONE } from "#sdk/session/Session.ts";
import { unpackSession } from "#sdk/session/unpackSession.ts";
import { SEED } from "../../environment/seed.ts";
import { arbitraryAddress, arbitrarySession, arbitraryUint } from "../../sdk/arbitrarySession.ts";
import { type LeftOut, packed } from "../sessionBytes.ts";
import { ACCOUNT, ask, key, payee, useAccounts } from "./erc7579Fixture.ts";
import { budget, encodePaymentSignature, payCallData, paying } from "./paymentFixture.ts";

type ReadSignature = [ok: boolean, id: Hex, packed: Hex, grant: Hex, period: bigint, keySignature: Hex];
const readCall = (callData: Hex) =>
  ask<[ok: boolean, token: Hex, to: Hex, amount: bigint]>("PaymentUserOpHarness", "tryReadCall", [callData]);
const readSignature = (signature: Hex, account: Address = ACCOUNT) =>
  ask<ReadSignature>("PaymentUserOpHarness", "tryReadSignature", [signature, account]);

/** What the harness says of changed bytes. */
const [REFUSED, READ, MISREAD, REVERTED] = [0, 1, 2, 3];
const AT_ONCE = 100;
type Change = [position: number, word: bigint];

/** A callData with 32 bytes changed, many at a time: what becomes of each. */
async function verdictsOf(original: Hex, changes: readonly Change[]) {
  const verdicts: number[] = [];
  for (let i = 0; i < changes.length; i += AT_ONCE) {
    const some = changes.slice(i, i + AT_ONCE);
    verdicts.push(
      ...(await ask<number[]>("PaymentUserOpHarness", "verdicts", [
        original,
        some.map(([position]) => BigInt(position)),
        some.map(([, word]) => toHex(word, { size: 32 })),
      ])),
    );
  }
  return verdicts;
}

const arbitraryBytes = (most: number) =>
  fc.uint8Array({ maxLength: most }).map((bytes): Hex => `0x${Buffer.from(bytes).toString("hex")}`);
/** What the SDK reads of the bytes, if it is a session. */
function unpacked(bytes: Hex) {
  try {
    return unpackSession(bytes);
  } catch {
    return undefined;
  }
}
const wordAt = (bytes: Hex, at: number): bigint => BigInt(slice(bytes, at, at + 32));

describe("PaymentUserOp", () => {
  useAccounts();

  /** Every kind of field: coded ones, a stream, anyone, two recipients, an action with a rule. */
  const sample = () =>
    paying(
      {
        epoch: 5n,
        paymaster: ANYONE,
        actions: [
          { target: payee, selector: "0x12345678", rules: [{ offset: 4, op: 0, value: pad("0x2a") }] },
        ],
      },
      [
        budget({ initial: 1n, perSecond: 2n, recipients: [ANYONE] }),
        budget({ token: payee, recipients: [payee, key.address] }),
      ],
    );
  const KEY_SIGNATURE: Hex = `0x${"0b".repeat(65)}`;
  const GRANT: Hex = `0x${"0a".repeat(70)}`;
  const signature = (grant = GRANT, leftOut?: LeftOut) =>
    encodePaymentSignature(sample(), grant, 7n, KEY_SIGNATURE, leftOut).toLowerCase() as Hex;
  /** Where the session's own bytes begin. */
  const SESSION_AT = 65 + 6 + 20;
  const ZEROS = 20;

  it("reads every payment that viem encodes", async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryAddress, arbitraryAddress, arbitraryUint(256), async (token, to, amount) => {
        const [ok, ...read] = await readCall(payCallData({ token, to, amount }));
        expect(ok).to.equal(true);
        expect(isAddressEqual(read[0], token) && isAddressEqual(read[1], to)).to.equal(true);
        expect(read[2]).to.equal(amount);
      }),
      { numRuns: 50, seed: SEED },
    );
  });
  it("only reads what encodes to the same bytes, with any byte changed", async function () {
    this.timeout(30_000);
    const plain = payCallData();
    const changes: Change[] = [];
    for (let at = 0; at < size(plain); at++) {
      const position = Math.min(at, size(plain) - 32);
      for (const bit of [1n, 0x80n]) {
        changes.push([position, wordAt(plain, position) ^ (bit << BigInt(8 * (31 - (at - position))))]);
      }
    }
    const verdicts = await verdictsOf(plain, changes);
    expect(verdicts).not.to.include(MISREAD);
    expect(verdicts).not.to.include(REVERTED);
    // Of token, recipient and amount any byte may be another: 20, 20 and 32 of them, two ways each.
    expect(verdicts.filter((verdict) => verdict === READ)).to.have.length(2 * (20 + 20 + 32));
    expect(verdicts.filter((verdict) => verdict === REFUSED)).to.have.length(2 * (228 - 72));
  });
  it("reads no callData of another length", async () => {
    const plain = concat([payCallData(), pad("0x"), pad("0x")]);
    for (let length = 0; length <= size(plain); length++) {
      const [ok] = await readCall(length === 0 ? "0x" : slice(plain, 0, length));
      expect(ok, `${length} bytes`).to.equal(length === 228);
    }
  });

  it("reads every signature, of every session", async function () {
    this.timeout(60_000);
    const period = fc.bigInt({ min: 0n, max: 2n ** 48n - 1n });
    const keySignature = fc
      .uint8Array({ minLength: 65, maxLength: 65 })
      .map((bytes): Hex => `0x${Buffer.from(bytes).toString("hex")}`);
    await fc.assert(
      fc.asyncProperty(
        arbitrarySession(),
        arbitraryBytes(200),
        period,
        keySignature,
        async (of, grant, number, signed) => {
          const [ok, id, own, carried, ...read] = await readSignature(
            encodePaymentSignature(of, grant, number, signed),
            of.account,
          );
          expect([ok, id, carried]).to.deep.equal([true, hashSession(of), grant]);
          expect(own).to.equal(packed(of).toLowerCase());
          expect([BigInt(read[0]), read[1]]).to.deep.equal([number, signed]);
        },
      ),
      { numRuns: 50, seed: SEED },
    );
  });
  it("reads the same session with omitted parts", async () => {
    const id = hashSession(sample());
    for (const leftOut of [{ budgets: [0] }, { budgets: [1], actions: true }, { budgets: [0, 1] }]) {
      const read = await readSignature(signature("0x", leftOut));
      expect([read[0], read[1], read[2]]).to.deep.equal([true, id, packed(sample(), leftOut).toLowerCase()]);
    }
  });
  it("reads every byte like the SDK, with any byte changed, and never reverts", async function () {
    this.timeout(120_000);
    const plain = hexToBytes(signature());
    let reads = 0;
    for (let at = 0; at < plain.length; at++) {
      for (const bit of [0x01, 0x80, 0xff]) {
        const bytes = plain.slice();
        bytes[at] = (bytes[at] ?? 0) ^ bit;
        const changed = toHex(bytes);
        const [ok, id, own, grant, period, keySignature] = await readSignature(changed);
        const expected = unpacked(slice(changed, SESSION_AT, size(changed) - ZEROS));
        expect(ok, `byte ${at}`).to.equal(expected !== undefined);
        if (!expected) continue;
        reads += 1;
        const of = { account: ACCOUNT, key: slice(changed, 71, SESSION_AT), ...expected.session };
        expect(id).to.equal(hashCarriedSession(of));
        expect(grant).to.equal(expected.rest);
        expect(concat([keySignature, toHex(period, { size: 6 }), of.key, own, grant])).to.equal(
          slice(changed, 0, size(changed) - ZEROS),
        );
      }
    }
    // The heads, the grant and the zeros are 91, 70 and 20 bytes, each of which may be any.
    expect(reads).to.be.greaterThan(3 * 181);
    expect(reads).to.be.lessThan(3 * plain.length);
  });
  it("rejects a signature truncated anywhere within the session", async () => {
    const plain = signature("0x");
    expect((await readSignature(plain))[0]).to.equal(true);
    for (let length = 0; length < size(plain); ++length) {
      const cut = length === 0 ? "0x" : slice(plain, 0, length);
      expect((await readSignature(cut))[0], `${length} bytes`).to.equal(false);
    }
  });
  it("treats the remaining bytes as the grant, shortened or extended", async () => {
    const [, id, , grant] = await readSignature(slice(signature(), 0, size(signature()) - 30));
    expect([id, size(grant)]).to.deep.equal([hashSession(sample()), 40]);
    const [, same, , longer] = await readSignature(concat([signature(), `0x${"0c".repeat(7)}`]));
    expect([same, longer]).to.deep.equal([hashSession(sample()), concat([GRANT, `0x${"00".repeat(7)}`])]);
  });
  it("ignores bytes after the signature", async () => {
    const plain = signature("0x");
    // All that is missing of it, and more.
    const readBefore = (bytes: Hex, behind: Hex) =>
      ask<ReadSignature>("PaymentUserOpHarness", "tryReadSignatureBefore", [bytes, behind, "0x"]);
    expect((await readBefore(plain, "0x"))[0]).to.equal(true);
    for (let less = 1; less <= size(plain) - SESSION_AT + 8; ++less) {
      const cut = slice(plain, 0, size(plain) - less);
      for (const behind of [slice(plain, size(plain) - less), `0x${"00".repeat(200)}`] as Hex[])
        expect((await readBefore(cut, behind))[0], `${less} less`).to.equal(false);
    }
  });
});
