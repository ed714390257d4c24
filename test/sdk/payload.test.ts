import "../environment/seed.ts";
import { ANYONE, type Budget, hashSession, isRefusal, type Session } from "@latchkey/sdk";
import {
  decodePayload,
  encodePayload,
  hashActions,
  hashBudget,
  hashCarriedSession,
  nodeNonce,
  type PayloadParameters,
  permit2Domain,
  permit2Transfer,
  signedPayment,
  wrapForSafe,
} from "@latchkey/sdk/encoding";
import { expect } from "chai";
import fc from "fast-check";
import {
  concat,
  domainSeparator,
  encodeAbiParameters,
  getAddress,
  type Hex,
  hashTypedData,
  keccak256,
  size,
  slice,
  toBytes,
  toHex,
} from "viem";
import { key, MODULE } from "../contracts/fixture.ts";
import { signatureFor, signPayment } from "../contracts/permit2Payment.ts";
import { packed } from "../contracts/sessionBytes.ts";
import { arbitraryAddress, arbitrarySession, arbitraryUint } from "./arbitrarySession.ts";

const runs = process.env.LATCHKEY_DEEP ? 5000 : 200;

/** The order of secp256k1: r is below it. */
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/** r and s that a signature may have; whether the key made it is the module's affair. */
const arbitrarySignature: fc.Arbitrary<Hex> = fc
  .tuple(arbitraryUint(256), arbitraryUint(254, 1n), fc.constantFrom(27, 28))
  .map(([r, s, v]) => [(r % (ORDER - 1n)) + 1n, s, v] as const)
  .map(([r, s, v]) => concat([toHex(r, { size: 32 }), toHex(s, { size: 32 }), toHex(v, { size: 1 })]));

const arbitraryParameters: fc.Arbitrary<PayloadParameters> = fc
  .tuple(
    arbitrarySession({ bySignature: true }),
    fc.record({
      pick: fc.nat(),
      lot: arbitraryUint(128),
      size: fc.nat(7),
      index: arbitraryUint(14),
      // An address below 32 is the index of a recipient.
      payee: fc.tuple(
        fc.nat(),
        arbitraryAddress.filter((payee) => BigInt(payee) >= 32n),
      ),
      value: arbitraryUint(128),
      validAfter: arbitraryUint(256),
      validBefore: arbitraryUint(256),
      method: fc.oneof(
        fc
          .constantFrom<[string, string]>(
            ["USD Coin", "2"],
            ["USDC", "2"],
            ["EURC", "2"],
            ["USD Coin", "1"],
            ["Æ", ""],
          )
          .map(([name, version]) => ({ method: "eip3009" as const, tokenDomain: { name, version } })),
        fc.constant({ method: "permit2-exact" as const }),
        arbitraryAddress.map((facilitator) => ({ method: "permit2-upto" as const, facilitator })),
      ),
      wrapsHash: fc.boolean(),
      grant: fc.option(
        fc.uint8Array({ minLength: 1, maxLength: 500 }).map((bytes) => toHex(bytes)),
        { nil: undefined },
      ),
    }),
    arbitrarySignature,
  )
  .map(([session, given, keySignature]) => {
    const budgetIndex = given.pick % session.budgets.length;
    const { recipients } = session.budgets[budgetIndex] as Budget;
    const [pick, anyone] = given.payee;
    const to = recipients[0] === ANYONE ? anyone : (recipients[pick % recipients.length] ?? anyone);
    return {
      session,
      budgetIndex,
      slot: { lot: given.lot, size: given.size, index: given.index },
      to,
      value: given.value,
      validAfter: given.validAfter,
      validBefore: given.validBefore,
      ...given.method,
      keySignature,
      wrapsHash: given.wrapsHash,
      ...(given.grant === undefined ? {} : { grant: given.grant }),
    };
  });

const address = (n: number) => getAddress(toHex(n, { size: 20 }));
const session: Session = {
  account: address(0xa1),
  key: address(0xa2),
  validAfter: 1_800_000_000,
  validUntil: 1_800_604_800,
  epoch: 0n,
  salt: 0x0102n,
  gasAllowance: 0n,
  paymaster: address(0),
  budgets: [
    {
      token: address(0xa3),
      perTransaction: 1_000_000n,
      perPeriod: 20_000_000n,
      period: 86_400,
      initial: 0n,
      perSecond: 0n,
      signatures: 1,
      sizes: 5,
      recipients: [address(0xa4), address(0xa5)],
    },
  ],
  actions: [],
};
const parameters: PayloadParameters = {
  session,
  budgetIndex: 0,
  slot: { lot: 0n, size: 1, index: 2n },
  to: address(0xa5),
  value: 200_000n,
  validAfter: 1_800_000_000n,
  validBefore: 1_800_000_300n,
  tokenDomain: { name: "USD Coin", version: "2" },
  keySignature: `0x${"11".repeat(32)}${"22".repeat(32)}1c`,
};
const codeOf = (attempt: () => unknown) => {
  try {
    attempt();
  } catch (error) {
    if (isRefusal(error)) return error.code;
    throw error;
  }
  return undefined;
};

describe("a payload of the signature rail", function () {
  this.timeout(process.env.LATCHKEY_DEEP ? 0 : 40_000);

  it("is, byte by byte, what the contract's parser documents", () => {
    expect(encodePayload(parameters)).to.equal(
      concat([
        "0x01", // enabled
        "0x00", // budget
        "0x00", // lot 0
        "0x01", // size
        "0x0102", // index 2
        "0x0101", // payee 1
        "0x03030d40", // 200,000
        "0x046b49d200", // validAfter
        "0x046b49d32c", // validBefore
        "0x01", // USD Coin, 2
        `0x${"11".repeat(32)}`,
        `0xa2${"22".repeat(31)}`, // s with the parity of v = 28 in its top bit
        "0x00006b49d200", // validAfter
        "0x00006b530c80", // validUntil
        "0x00", // epoch, gasAllowance and paymaster are zero
        "0x020102", // salt
        "0x01", // one budget
        "0x15", // signatures 1, sizes 5
        address(0xa3),
        "0x030f4240", // perTransaction
        "0x0401312d00", // perPeriod
        "0x03015180", // period
        "0x02", // recipients
        address(0xa4),
        address(0xa5),
        "0x00", // no actions
      ]).toLowerCase(),
    );
  });

  it("says, read back, what was put in, for every session", () => {
    fc.assert(
      fc.property(arbitraryParameters, (given) => {
        const budget = given.session.budgets[given.budgetIndex] as Budget;
        const read = decodePayload(encodePayload(given));
        expect(read.budgetIndex).to.equal(given.budgetIndex);
        expect(read.slot).to.deep.equal(given.slot);
        expect(read.to).to.equal(given.to);
        expect([read.value, read.validAfter, read.validBefore]).to.deep.equal([
          given.value,
          given.validAfter,
          given.validBefore,
        ]);
        expect(read.method).to.equal(given.method);
        expect("tokenDomain" in read && read.tokenDomain).to.deep.equal(
          "tokenDomain" in given && {
            nameHash: keccak256(toBytes(given.tokenDomain.name)),
            versionHash: keccak256(toBytes(given.tokenDomain.version)),
          },
        );
        expect("facilitator" in read && read.facilitator).to.equal(
          "facilitator" in given && given.facilitator,
        );
        const { account, key, ...own } = given.session;
        expect(read.key).to.equal(given.wrapsHash ? key : undefined);
        expect(read.version).to.equal(1 + (given.grant === undefined ? 0 : 1) + (given.wrapsHash ? 2 : 0));
        expect("grant" in read ? read.grant : undefined).to.equal(given.grant);
        expect(hashCarriedSession({ account, key, ...read.session })).to.equal(hashSession(given.session));
        // A grant is for everything that the owner signed; without one a payment needs its budget alone.
        expect(read.session).to.deep.equal(
          given.grant === undefined
            ? {
                ...own,
                budgets: own.budgets.map((one, index) =>
                  index === given.budgetIndex ? budget : hashBudget(one),
                ),
                actions: own.actions.length === 0 ? [] : hashActions(own.actions),
              }
            : own,
        );
      }),
      { numRuns: runs },
    );
  });

  it("is, by Permit2, byte by byte what was packed by hand, and is of the same digests", async () => {
    const grant: Hex = "0x1234";
    for (const method of ["exact", "upto"] as const)
      for (const changes of [{}, { grant }, { namesKey: true }, { grant, namesKey: true }]) {
        const of = {
          ...session,
          key: key.address,
          budgets: session.budgets.map((each) => ({ ...each, signatures: 6 })),
        };
        const node = { lot: 7n, size: 3, index: 5n };
        const facilitator = address(0xfac);
        const byHand = await signPayment({
          of,
          node,
          method,
          to: address(0xa5),
          value: 99n,
          validAfter: 5n,
          facilitator,
          ...changes,
        });
        const { witness, permit, keySignature } = byHand;
        expect(nodeNonce({ id: hashSession(of), budgetIndex: 0, period: 0n, ...node })).to.equal(
          permit.nonce,
        );
        const transfer = permit2Transfer(
          {
            ...permit.permitted,
            nonce: permit.nonce,
            deadline: permit.deadline,
            to: witness.to,
            validAfter: 5n,
            ...(method === "upto" ? { facilitator } : {}),
          },
          1,
        );
        const digest = hashTypedData(transfer);
        expect(digest).to.equal(byHand.digest);
        const signed = signedPayment({ account: of.account, digest }, { chainId: 1, module: MODULE });
        expect(await key.signTypedData(signed)).to.equal(keySignature);
        const payload = encodePayload({
          session: of,
          budgetIndex: 0,
          slot: node,
          to: witness.to,
          value: 99n,
          validAfter: 5n,
          validBefore: permit.deadline,
          ...(method === "upto" ? { method: "permit2-upto", facilitator } : { method: "permit2-exact" }),
          keySignature,
          wrapsHash: "namesKey" in changes,
          ...("grant" in changes ? { grant } : {}),
        });
        expect(payload.toLowerCase()).to.equal(byHand.payload.toLowerCase());
        // A Safe 1.5.0 is told the message, too.
        expect(
          wrapForSafe(payload, {
            handler: "extensible",
            domainSeparator: domainSeparator({ domain: permit2Domain(1) }),
            transfer: {
              ...permit.permitted,
              nonce: permit.nonce,
              deadline: permit.deadline,
              to: witness.to,
              validAfter: 5n,
              ...(method === "upto" ? { facilitator } : {}),
            },
          }).toLowerCase(),
        ).to.equal(signatureFor("1.5.0", byHand).toLowerCase());
      }
  });

  it("is never 64 or 65 bytes long, which would pass for a key's signature", () => {
    fc.assert(
      fc.property(arbitraryParameters, (given) => {
        expect(size(encodePayload(given))).to.be.greaterThan(65);
      }),
      { numRuns: runs },
    );
  });

  it("is refused when a byte is missing, wherever it ends, or one too many", () => {
    const payload = encodePayload(parameters);
    for (let length = 0; length < size(payload); length++)
      expect(
        codeOf(() => decodePayload(length === 0 ? "0x" : slice(payload, 0, length))),
        `${length} bytes`,
      ).to.equal("INVALID_PAYLOAD");
    expect(codeOf(() => decodePayload(`${payload}00`))).to.equal("INVALID_PAYLOAD");
    // A grant has no end of its own; that there is none is seen.
    const granted = encodePayload({ ...parameters, grant: "0x12" });
    expect(decodePayload(granted)).to.include({ grant: "0x12" });
    expect(codeOf(() => decodePayload(slice(granted, 0, size(granted) - 1)))).to.equal("INVALID_PAYLOAD");
  });

  it("is refused with zeros before a number, and for one wider than its field", () => {
    const payload = encodePayload({ ...parameters, slot: { lot: 3n, size: 0, index: 0n } });
    // Version and budget, then the lot.
    expect(payload.slice(0, 10)).to.equal(`${payload.slice(0, 6)}0103`);
    const withLot = (bytes: Hex): Hex =>
      concat([slice(payload, 0, 2), toHex(size(bytes), { size: 1 }), bytes, slice(payload, 4)]);
    expect(decodePayload(withLot("0x03"))).to.deep.equal(decodePayload(payload));
    expect(decodePayload(withLot(`0x03${"00".repeat(15)}`)).slot.lot).to.equal(3n << 120n);
    for (const lot of ["0x00", "0x0003", `0x03${"00".repeat(16)}`] as const)
      expect(
        codeOf(() => decodePayload(withLot(lot))),
        lot,
      ).to.equal("INVALID_PAYLOAD");
  });

  it("names the key where the account wraps the hash, which hides who signed", () => {
    const plain = encodePayload(parameters);
    const naming = encodePayload({ ...parameters, wrapsHash: true });
    expect(naming).to.equal(concat(["0x03", session.key, slice(plain, 1)]));
    const granted = encodePayload({ ...parameters, wrapsHash: true, grant: "0x1234" });
    expect(slice(granted, 0, 21)).to.equal(concat(["0x04", session.key]));
    expect(granted.endsWith("1234")).to.equal(true);
  });

  it("carries the paying budget alone of an enabled session, and everything beside a grant", () => {
    const { budgets, ...rest } = session;
    const [paying] = budgets as [Budget];
    const other = { ...paying, token: address(0xb1) };
    const action = { target: address(0xb2), selector: "0x12345678", rules: [] } as const;
    const large = { ...rest, budgets: [other, paying, other], actions: [action] };
    const given = { ...parameters, session: large, budgetIndex: 1 };
    const left = { budgets: [0, 2], actions: true };
    expect(encodePayload(given).endsWith(packed(large, left).slice(2).toLowerCase())).to.equal(true);
    const granted = encodePayload({ ...given, grant: "0x1234" });
    expect(granted.endsWith(`${packed(large).slice(2).toLowerCase()}1234`)).to.equal(true);
    // Which budget pays is never left out.
    const wrong = encodePayload({ ...given, budgetIndex: 1 }).replace("0x0101", "0x0100") as Hex;
    expect(codeOf(() => decodePayload(wrong))).to.equal("INVALID_PAYLOAD");
  });

  it("is refused for a payee who is not a recipient, a budget that is not there, a bad signature", () => {
    const { keySignature } = parameters;
    const highS: Hex = `0x${keySignature.slice(2, 66)}${"ff".repeat(32)}1c`;
    for (const change of [
      { to: address(0xa6) },
      { budgetIndex: 1 },
      { keySignature: highS },
      { keySignature: highS.slice(0, -2) as Hex },
      { keySignature: keySignature.slice(0, -4) as Hex },
      { keySignature: `${keySignature.slice(0, -2)}05` as Hex },
      { value: -1n },
      { method: "permit2" as never },
    ])
      expect(codeOf(() => encodePayload({ ...parameters, ...change }))).to.equal("INVALID_PAYLOAD");
  });

  it("takes the key's signature in both of its lengths", () => {
    const compact: Hex = `0x${"11".repeat(32)}a2${"22".repeat(31)}`;
    expect(encodePayload({ ...parameters, keySignature: compact })).to.equal(encodePayload(parameters));
  });

  it("goes to a Safe up to 1.4.1 as it is, and to a Safe 1.5.0 with the message that its handler checks", () => {
    const payload = encodePayload(parameters);
    expect(wrapForSafe(payload, { handler: "session" })).to.equal(payload);
    const separator = keccak256("0x01");
    const nonce = keccak256("0x02");
    const authorization = {
      from: session.account,
      to: parameters.to,
      value: parameters.value,
      validAfter: parameters.validAfter,
      validBefore: parameters.validBefore,
      nonce,
    };
    const words = concat([
      toHex(BigInt(session.account), { size: 32 }),
      toHex(BigInt(parameters.to), { size: 32 }),
      toHex(parameters.value, { size: 32 }),
      toHex(parameters.validAfter, { size: 32 }),
      toHex(parameters.validBefore, { size: 32 }),
      nonce,
    ]);
    const typeHash = keccak256(
      toBytes(
        "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)",
      ),
    );
    expect(
      wrapForSafe(payload, { handler: "extensible", domainSeparator: separator, authorization }),
    ).to.equal(
      concat([
        "0x5fd7e97d",
        encodeAbiParameters(
          [{ type: "bytes32" }, { type: "bytes32" }, { type: "bytes" }, { type: "bytes" }],
          [separator, typeHash, words, payload],
        ),
      ]),
    );
  });
});
