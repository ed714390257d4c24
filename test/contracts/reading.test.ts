import { expect } from "chai";
import fc from "fast-check";
import { network } from "hardhat";
import {
  type Address,
  concat,
  decodeFunctionResult,
  encodeAbiParameters,
  getAddress,
  type Hex,
  hashStruct,
  numberToHex,
  pad,
  size,
  slice,
} from "viem";
import { eip712Types } from "../../packages/sdk/src/eip712Types.ts";
import { encodePayload, type Session } from "../../packages/sdk/src/index.ts";
import { sessionParameters } from "../../packages/sdk/src/payload/sessionParameters.ts";
import { deployMock, type Mock } from "../environment/deployMock.ts";
import { SEED } from "../environment/seed.ts";
import { openTestChain } from "../environment/TestChain.ts";
import { Calldata, readPayload, readSession } from "./readingByHand.ts";

const numRuns = process.env.LATCHKEY_DEEP ? 20_000 : 400;
const seed = SEED;

const MAX_UINT256 = 2n ** 256n - 1n;
const ANYONE: Address = getAddress(`0x${"ff".repeat(20)}`);
const bits = (count: bigint) =>
  fc.oneof(
    fc.bigInt({ min: 0n, max: 300n }),
    fc.bigInt({ min: 0n, max: 2n ** count - 1n }),
    fc.constant(2n ** count - 1n),
  );
const address = fc
  .bigInt({ min: 0n, max: 2n ** 160n - 1n })
  .map((value): Address => getAddress(numberToHex(value, { size: 20 })));
const word = bits(256n).map((value): Hex => numberToHex(value, { size: 32 }));

const budget = fc.record({
  token: address,
  perTransaction: bits(128n),
  perPeriod: bits(128n),
  period: bits(32n).map(Number),
  initial: bits(128n),
  perSecond: bits(128n),
  signatures: fc.integer({ min: 0, max: 255 }),
  sizes: fc.integer({ min: 0, max: 255 }),
  recipients: fc.oneof(fc.constant([ANYONE]), fc.array(address, { maxLength: 32, minLength: 1 })),
});
const action = fc.record({
  target: address,
  selector: fc.bigInt({ min: 0n, max: 2n ** 32n - 1n }).map((value): Hex => numberToHex(value, { size: 4 })),
  rules: fc.array(
    fc.record({
      offset: fc.integer({ min: 0, max: 65_535 }),
      op: fc.integer({ min: 0, max: 255 }),
      value: word,
    }),
    { maxLength: 8 },
  ),
});
/** Any session that the ABI can say, be it well-formed or not. */
const anySession: fc.Arbitrary<Session> = fc.record({
  account: address,
  key: address,
  validAfter: bits(48n).map(Number),
  validUntil: bits(48n).map(Number),
  epoch: bits(64n),
  salt: bits(256n),
  gasAllowance: bits(128n),
  paymaster: address,
  budgets: fc.array(budget, { maxLength: 8 }),
  actions: fc.array(action, { maxLength: 4 }),
});

/** A change of one word of bytes: the values that offsets, lengths and bounds are afraid of. */
const change = (length: number) =>
  fc.record({
    at: fc.oneof(
      fc.nat(Math.max(0, Math.ceil(length / 32) - 1)).map((index) => 32 * index),
      fc.nat(Math.max(0, length - 1)),
    ),
    to: fc.oneof(
      fc.nat(40).map(BigInt),
      fc.nat(length + 64).map(BigInt),
      fc.nat(100).map((steps) => 32n * BigInt(steps)),
      fc.constantFrom(2n ** 32n - 1n, 2n ** 32n, 2n ** 64n, 2n ** 255n, MAX_UINT256),
      // Backwards, by wrapping around.
      fc.nat(length + 64).map((back) => MAX_UINT256 + 1n - BigInt(back || 1)),
      bits(256n),
    ),
  });
const withChanges = (bytes: Hex, changes: readonly { at: number; to: bigint }[]): Hex => {
  const length = size(bytes);
  const changed = Buffer.from(bytes.slice(2), "hex");
  for (const { at, to } of changes)
    Buffer.from(to.toString(16).padStart(64, "0"), "hex").copy(changed, at, 0, Math.min(32, length - at));
  return `0x${changed.toString("hex")}`;
};

describe(`reading what anybody may send (seed ${seed})`, function () {
  this.timeout(process.env.LATCHKEY_DEEP ? 0 : 180_000);

  let reader: Mock;
  let ask: (data: Hex) => Promise<{ answer: Hex } | { revert: Hex }>;
  let close: () => Promise<void>;
  before(async () => {
    const connection = await network.create("ethereum");
    close = () => connection.close();
    const testChain = await openTestChain(connection.provider);
    reader = await deployMock(testChain, "DirtyMemoryReader");
    ask = async (data) => {
      try {
        const answer = await connection.provider.request({
          method: "eth_call",
          params: [{ to: reader.address, data, gas: "0xf42400" }, "latest"],
        });
        return { answer: answer as Hex };
      } catch (error) {
        const { data: revert } = error as { data?: Hex | { data?: Hex } };
        const bytes = typeof revert === "object" ? revert.data : revert;
        if (typeof bytes !== "string") throw error;
        return { revert: bytes };
      }
    };
  });
  after(() => close());

  const ofSession = (data: Hex) =>
    decodeFunctionResult({ abi: reader.abi, functionName: "readSession", data }) as unknown as [
      boolean,
      Hex,
      Hex,
    ];
  type Read = {
    ok: boolean;
    sessionOk: boolean;
    id: Hex;
    payload: Record<string, bigint | number | Hex | Record<string, bigint>>;
    grant: Hex;
  };
  const ofPayload = (data: Hex) =>
    decodeFunctionResult({ abi: reader.abi, functionName: "readPayload", data }) as unknown as Read;

  it("gives every session that the ABI can say the id of EIP-712, and a faithful copy", () =>
    fc.assert(
      fc.asyncProperty(anySession, async (session) => {
        const outcome = await ask(reader.encode("readSession", [session]));
        if ("revert" in outcome) throw new Error(outcome.revert);
        const [ok, id, copy] = ofSession(outcome.answer);
        expect(ok).to.equal(true);
        expect(id).to.equal(hashStruct({ types: eip712Types, primaryType: "Session", data: session }));
        expect(copy).to.equal(encodeAbiParameters([sessionParameters], [session]));
      }),
      { numRuns, seed },
    ));

  const outcomes = { read: 0, other: 0, refused: 0, kept: 0 };
  it("reads a session that was tampered with by the letter, or refuses it, and damages no memory", () =>
    fc.assert(
      fc.asyncProperty(
        anySession
          .map((session): Hex => reader.encode("readSession", [session]))
          .chain((whole) =>
            fc.record({
              whole: fc.constant(whole),
              changes: fc.array(change(size(whole) - 4), { maxLength: 4 }),
              cut: fc.oneof({ arbitrary: fc.constant(0), weight: 4 }, { arbitrary: fc.nat(400), weight: 1 }),
              more: fc.oneof(fc.constant(0), fc.nat(70)),
            }),
          ),
        async ({ whole, changes, cut, more }) => {
          const length = Math.max(36, size(whole) - cut);
          const tampered = withChanges(slice(whole, 4), changes);
          const data = concat([
            slice(whole, 0, 4),
            slice(tampered, 0, length - 4),
            more ? `0x${"01".repeat(more)}` : "0x",
          ]);
          const calldata = new Calldata(data);
          const offset = calldata.word(4n);
          const outcome = await ask(data);
          if ("revert" in outcome) {
            // Solidity's own bounds of the argument's head, without a reason: everything else is for the reader to say.
            expect(outcome.revert).to.equal("0x");
            expect(offset >= 2n ** 64n || 4n + offset + 320n > calldata.length).to.equal(true);
            outcomes.refused++;
            return;
          }
          const expected = readSession(calldata, 4n + offset);
          const [ok, id] = ofSession(outcome.answer);
          expect(ok).to.equal(expected !== undefined);
          if (expected) expect(id).to.equal(expected);
          outcomes[ok ? "read" : "other"]++;
        },
      ),
      { numRuns: 4 * numRuns, seed },
    ));

  it("was tried with sessions that were read and with such that were refused", () => {
    expect(outcomes.read).to.be.greaterThan(numRuns / 4);
    expect(outcomes.other).to.be.greaterThan(numRuns / 4);
  });

  /* PAYLOADS */

  const number = (value: bigint, zeros = 0): Hex => {
    const digits = value === 0n ? "" : value.toString(16);
    const bytes = `${"00".repeat(zeros)}${digits.length % 2 ? "0" : ""}${digits}`;
    return `0x${(bytes.length / 2).toString(16).padStart(2, "0")}${bytes}`;
  };
  const KEY_SIGNATURE: Hex = concat([pad("0x11", { size: 32 }), pad("0x22", { size: 32 }), "0x1c"]);

  const anyPayload = (version: 1 | 2) =>
    fc
      .record({
        session: anySession.filter(({ budgets }) => budgets.length > 0),
        at: fc.nat(7),
        payee: fc.nat(31),
        slot: fc.record({ lot: bits(128n), size: fc.nat(255), index: bits(16n) }),
        value: bits(128n),
        validAfter: bits(256n),
        validBefore: bits(256n),
        domain: fc.constantFrom(
          { name: "USD Coin", version: "2" },
          { name: "USDC", version: "2" },
          { name: "EURC", version: "2" },
          { name: "Other", version: "1" },
        ),
        grant: fc.uint8Array({ maxLength: 200 }),
      })
      .map(({ session, at, payee, slot, value, validAfter, validBefore, domain, grant }) => {
        const budgetIndex = at % session.budgets.length;
        const chosen = session.budgets[budgetIndex] as Session["budgets"][number];
        const recipient = chosen.recipients[payee % chosen.recipients.length] as Address;
        // A stream has no signatures: the packed form has no room for its numbers.
        const budgets = session.budgets.with(budgetIndex, { ...chosen, initial: 0n, perSecond: 0n });
        const of = { ...session, budgets };
        const payload = encodePayload({
          session: of,
          budgetIndex,
          slot,
          to: recipient,
          value,
          validAfter,
          validBefore,
          tokenDomain: domain,
          keySignature: KEY_SIGNATURE,
          ...(version === 2 ? { grant: `0x${Buffer.from(grant).toString("hex")}` as Hex } : {}),
        });
        return { of, payload, value, slot };
      });
  const asking = (of: Session, payload: Hex): Hex =>
    reader.encode("readPayload", [payload, of.account, of.key, of.epoch]);
  const judge = async (data: Hex, of: Session) => {
    const calldata = new Calldata(data);
    const end = 164n + calldata.word(132n);
    const expected = readPayload(calldata, 164n, end, of);
    const outcome = await ask(data);
    if ("revert" in outcome) throw new Error(`reverted with ${outcome.revert}`);
    const read = ofPayload(outcome.answer);
    expect(read.ok, "is a payload").to.equal(expected !== undefined);
    if (!expected) return read;
    const { session, version, lot, size: slotSize, index, ...rest } = expected;
    expect(read.payload.version).to.equal(version);
    expect(read.payload.slot).to.deep.equal({ lot, size: slotSize, index });
    for (const [name, value] of Object.entries(rest)) expect(read.payload[name], name).to.equal(value);
    expect(read.sessionOk, "has a session").to.equal(session !== undefined);
    if (session) expect({ id: read.id, grant: read.grant }).to.deep.equal(session);
    return read;
  };

  for (const version of [1, 2] as const)
    it(`finds in a payload of version ${version} the very session that the owner signed`, () =>
      fc.assert(
        fc.asyncProperty(anyPayload(version), async ({ of, payload }) => {
          const read = await judge(asking(of, payload), of);
          expect(read.sessionOk).to.equal(true);
          expect(read.id).to.equal(hashStruct({ types: eip712Types, primaryType: "Session", data: of }));
        }),
        { numRuns, seed },
      ));

  const tally = { session: 0, header: 0, none: 0 };
  for (const version of [1, 2] as const)
    it(`reads a tampered payload of version ${version} by the letter, or says no; it never reverts`, () =>
      fc.assert(
        fc.asyncProperty(
          anyPayload(version).chain(({ of, payload }) =>
            fc.record({
              of: fc.constant(of),
              payload: fc.constant(payload),
              bytes: fc.array(
                fc.record({
                  at: fc.oneof(fc.nat(Math.min(120, size(payload) - 1)), fc.nat(size(payload) - 1)),
                  to: fc.oneof(fc.nat(40), fc.nat(255)),
                }),
                { maxLength: 3 },
              ),
              words: fc.array(change(size(payload)), { maxLength: version === 2 ? 2 : 1 }),
              cut: fc.oneof({ arbitrary: fc.constant(0), weight: 5 }, { arbitrary: fc.nat(200), weight: 1 }),
              more: fc.oneof({ arbitrary: fc.constant(0), weight: 5 }, { arbitrary: fc.nat(70), weight: 1 }),
            }),
          ),
          async ({ of, payload, bytes, words, cut, more }) => {
            const changed = Buffer.from(withChanges(payload, words).slice(2), "hex");
            for (const { at, to } of bytes) changed[at] = to;
            const kept = changed.subarray(0, Math.max(1, changed.length - cut));
            const tampered: Hex = `0x${kept.toString("hex")}${"01".repeat(more)}`;
            const read = await judge(asking(of, tampered), of);
            tally[read.sessionOk ? "session" : read.ok ? "header" : "none"]++;
          },
        ),
        { numRuns: 3 * numRuns, seed },
      ));

  it("was tried with payloads that were read, with such that have no session, and with such that are none", () => {
    for (const count of Object.values(tally)) expect(count).to.be.greaterThan(numRuns / 20);
  });

  it("takes a number with zeros before it for the same number", async () => {
    const [sample] = fc.sample(
      anyPayload(1).filter(({ slot }) => slot.lot < 2n ** 120n),
      { numRuns: 1, seed },
    );
    if (!sample) throw new Error("no sample");
    const { of, payload } = sample;
    const lot = number(sample.slot.lot);
    const longer = concat([slice(payload, 0, 2), number(sample.slot.lot, 1), slice(payload, 2 + size(lot))]);
    const read = await judge(asking(of, longer), of);
    expect(read.sessionOk).to.equal(true);
  });
});
