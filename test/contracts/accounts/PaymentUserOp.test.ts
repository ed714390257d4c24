import { expect } from "chai";
import fc from "fast-check";
import { concat, type Hex, isAddressEqual, pad, size, slice, toHex } from "viem";
import { hashSession } from "../../../packages/sdk/src/hashSession.ts";
import type { Session } from "../../../packages/sdk/src/Session.ts";
import { SEED } from "../../environment/seed.ts";
import { arbitraryAddress, arbitrarySession, arbitraryUint } from "../../sdk/arbitrarySession.ts";
import { ask, payee, useAccounts } from "./erc7579Fixture.ts";
import { budget, encodePaymentSignature, payCallData, paying } from "./paymentFixture.ts";

type ReadSignature = [ok: boolean, id: Hex, grant: Hex, period: bigint, keySignature: Hex];
const readCall = (callData: Hex) =>
  ask<[ok: boolean, token: Hex, to: Hex, amount: bigint]>("PaymentUserOpHarness", "tryReadCall", [callData]);
const readSignature = (signature: Hex) =>
  ask<ReadSignature>("PaymentUserOpHarness", "tryReadSignature", [signature]);

/** What the harness says of changed bytes. */
const [REFUSED, READ, MISREAD, REVERTED] = [0, 1, 2, 3];
const AT_ONCE = 100;
type Change = [position: number, word: bigint];

/** Bytes with 32 of them changed, many at a time: what becomes of each. */
async function verdictsOf(kind: "callData" | "signature", original: Hex, changes: readonly Change[]) {
  const verdicts: number[] = [];
  for (let i = 0; i < changes.length; i += AT_ONCE) {
    const some = changes.slice(i, i + AT_ONCE);
    verdicts.push(
      ...(await ask<number[]>("PaymentUserOpHarness", "verdicts", [
        kind === "callData",
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
const wordAt = (bytes: Hex, at: number): bigint => BigInt(slice(bytes, at, at + 32));

describe("PaymentUserOp", () => {
  useAccounts();

  const sample = () =>
    paying({
      actions: [{ target: payee, selector: "0x12345678", rules: [{ offset: 4, op: 0, value: pad("0x2a") }] }],
    });
  const signature = () =>
    encodePaymentSignature(sample(), `0x${"0a".repeat(70)}`, 7n, `0x${"0b".repeat(65)}`);
  /** Offsets that point everywhere in the bytes, at their end, past it, and around all numbers. */
  const offsets = (length: number): bigint[] => [
    ...Array.from({ length: length / 32 + 2 }, (_, i) => 32n * BigInt(i)),
    BigInt(length) - 1n,
    BigInt(length) - 31n,
    BigInt(length) + 1n,
    2n ** 32n - 32n,
    2n ** 32n,
    2n ** 255n,
    2n ** 256n - 1n,
    2n ** 256n - 32n,
    2n ** 256n - BigInt(length),
  ];

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
  it("reads nothing but what encodes to the same bytes, whichever byte is another", async function () {
    this.timeout(30_000);
    const plain = payCallData();
    const changes: Change[] = [];
    for (let at = 0; at < size(plain); at++) {
      const position = Math.min(at, size(plain) - 32);
      for (const bit of [1n, 0x80n]) {
        changes.push([position, wordAt(plain, position) ^ (bit << BigInt(8 * (31 - (at - position))))]);
      }
    }
    const verdicts = await verdictsOf("callData", plain, changes);
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

  it("reads every signature that viem encodes", async function () {
    this.timeout(60_000);
    const arbitrary = [
      arbitrarySession(),
      arbitraryBytes(200),
      arbitraryUint(256),
      arbitraryBytes(100),
    ] as const;
    await fc.assert(
      fc.asyncProperty(...arbitrary, async (of, grant, period, keySignature) => {
        const read = await readSignature(encodePaymentSignature(of, grant, period, keySignature));
        expect(read).to.deep.equal([true, hashSession(of), grant, period, keySignature]);
      }),
      { numRuns: 50, seed: SEED },
    );
  });
  it("reads no signature otherwise than Solidity's decoder does, whichever word is another, and reverts at none", async function () {
    this.timeout(120_000);
    const plain = signature();
    const changes: Change[] = [];
    for (let position = 0; position < size(plain); position += 32) {
      for (const word of offsets(size(plain))) changes.push([position, word]);
    }
    const verdicts = await verdictsOf("signature", plain, changes);
    expect(verdicts).not.to.include(MISREAD);
    expect(verdicts).not.to.include(REVERTED);
    expect(verdicts).to.include(REFUSED);
    expect(verdicts).to.include(READ);
  });
  it("reverts at no signature of which one byte is another, in any word", async function () {
    this.timeout(120_000);
    const plain = signature();
    const changes: Change[] = [];
    for (let at = 0; at < size(plain); at++) {
      const position = at - (at % 32);
      for (const bit of [1n, 0x80n]) {
        changes.push([position, wordAt(plain, position) ^ (bit << BigInt(8 * (31 - (at % 32))))]);
      }
    }
    const verdicts = await verdictsOf("signature", plain, changes);
    expect(verdicts).not.to.include(MISREAD);
    expect(verdicts).not.to.include(REVERTED);
  });
  it("reads the same where offsets lead to the same, and grant and key's signature may be one", async () => {
    const plain = signature();
    const grantAt = slice(plain, 32, 64);
    const shared = concat([slice(plain, 0, 96), grantAt, slice(plain, 128)]);
    const grant = `0x${"0a".repeat(70)}` as const;
    expect(await readSignature(shared)).to.deep.equal([true, hashSession(sample()), grant, 7n, grant]);
  });
  it("takes nothing of what stands behind the signature", async () => {
    const plain = encodePaymentSignature(sample(), "0x", 7n, `0x${"0b".repeat(65)}`);
    const behind = `0x${"0b".repeat(200)}` as const;
    const readBefore = (bytes: Hex) =>
      ask<ReadSignature>("PaymentUserOpHarness", "tryReadSignatureBefore", [bytes, behind, "0x"]);
    expect((await readBefore(plain))[0]).to.equal(true);
    // The last 31 bytes are padding: without them all is there.
    expect((await readBefore(slice(plain, 0, size(plain) - 31)))[0]).to.equal(true);
    for (const less of [32, 33, 64, 96, 97, 128]) {
      expect((await readBefore(slice(plain, 0, size(plain) - less)))[0], `${less} less`).to.equal(false);
    }
  });
  it("reads no signature shorter than its head, though zeros behind would complete it", async () => {
    // The session's offset, that of an empty grant, a period, and an empty signature's offset, which is the grant's.
    const head = concat([pad("0x80"), pad("0x40"), pad("0x"), pad("0x40")]);
    const session = slice(signature(), 128);
    const readBefore = (bytes: Hex) =>
      ask<ReadSignature>("PaymentUserOpHarness", "tryReadSignatureBefore", [bytes, session, "0x"]);
    for (const length of [0, 1, 31, 32, 64, 96, 127]) {
      expect((await readBefore(length === 0 ? "0x" : slice(head, 0, length)))[0], `${length}`).to.equal(
        false,
      );
    }
    // What stands behind may be all that is missing: an offset (64, which is a length here), and a session, of which
    // one number is a length as well.
    const encoded = (of: Session) => slice(encodePaymentSignature(of, "0x", 0n, "0x"), 128);
    const validAfter = size(encoded(sample())) - 96;
    const of = encoded({ ...sample(), validAfter });
    const [ok] = await ask<ReadSignature>("PaymentUserOpHarness", "tryReadSignatureBefore", [
      slice(head, 0, 96),
      slice(of, 0, 64),
      slice(of, 96),
    ]);
    expect(ok, "completed by others").to.equal(false);
  });
  it("reads what a budget and an action more say", async () => {
    const of = paying({}, [budget(), budget({ token: payee })]);
    expect((await readSignature(encodePaymentSignature(of, "0x", 2n ** 255n, "0x")))[1]).to.equal(
      hashSession(of),
    );
  });
});
