import { expect } from "chai";
import {
  concat,
  getAddress,
  type Hex,
  hashTypedData,
  keccak256,
  numberToHex,
  pad,
  size,
  toHex,
  zeroAddress,
} from "viem";
import { type Authorization, asks, authorize, compact, isGood, number, type Terms } from "./authorization.ts";
import {
  ANYONE,
  actAction,
  alice,
  bob,
  budget,
  chain,
  DAY,
  digestIn,
  enable,
  epochOf,
  grantOf,
  idOf,
  key,
  MAX_UINT256,
  mallory,
  nativeBudget,
  ODD_TOKEN,
  owner,
  revoke,
  revokeAll,
  session,
  signAsSafe,
  stranger,
  T0,
  USD,
  useChain,
} from "./fixture.ts";
import { type LeftOut, packed } from "./sessionBytes.ts";

/** The payload with one of its fields replaced. */
const withPart = ({ parts }: Authorization, name: string, bytes: Hex): Hex => {
  expect(parts.map(([part]) => part)).to.include(name);
  return concat(parts.map(([part, was]) => (part === name ? bytes : was)));
};
const flip = (bytes: Hex, bit: number): Hex => {
  const at = 2 + 2 * (bit >> 3);
  const flipped = Number.parseInt(bytes.slice(at, at + 2), 16) ^ (1 << (bit & 7));
  return `${bytes.slice(0, at) as Hex}${flipped.toString(16).padStart(2, "0")}${bytes.slice(at + 2)}`;
};
const cut = (bytes: Hex, length: number): Hex => bytes.slice(0, 2 + 2 * length) as Hex;
/** The same number, with zeros in front. */
const withZeros = (bytes: Hex, zeros: number): Hex =>
  concat([
    numberToHex(size(bytes) - 1 + zeros, { size: 1 }),
    `0x${"00".repeat(zeros)}`,
    `0x${bytes.slice(4)}`,
  ]);
/** Bytes that only the seed decides. */
function* randomBytes(seed: string): Generator<number> {
  for (let i = 0; ; ++i)
    for (const pair of keccak256(toHex(`${seed} ${i}`))
      .slice(2)
      .match(/../g) ?? [])
      yield Number.parseInt(pair, 16);
}

/** Everything that a session can have beside the one budget. */
const rich = () =>
  session({
    salt: 2n ** 200n + 5n,
    gasAllowance: 2n ** 100n,
    paymaster: mallory,
    budgets: [nativeBudget(), budget({ signatures: 1, sizes: 8 }), budget({ token: ODD_TOKEN })],
    actions: [actAction(), actAction({ rules: [{ offset: 4, op: 2, value: pad("0x05") }] })],
  });

// Rules of docs/spec.md.
describe("a payload", () => {
  useChain();

  describe("of version 1, for an enabled session", () => {
    beforeEach(async () => {
      await chain.send(enable(session()));
    });
    it("makes the account accept exactly the hash that the key signed", async () => {
      const { hash, payload } = await authorize();
      expect(await asks(hash, payload)).to.equal(true);
      for (const other of [flip(hash, 0), flip(hash, 255), keccak256(hash), pad("0x")])
        expect(await asks(other, payload)).to.equal(false);
    });
    it("is rejected with any one of its bits flipped", async () => {
      const { hash, payload } = await authorize({ slot: { lot: 3n }, validAfter: 5n });
      expect(await asks(hash, payload)).to.equal(true);
      for (let bit = 0; bit < 8 * size(payload); ++bit)
        expect(await asks(hash, flip(payload, bit)), `bit ${bit & 7} of byte ${bit >> 3}`).to.equal(false);
    });
    it("is rejected with any one of its fields replaced, in a session that has everything", async () => {
      const of = rich();
      await chain.send(enable(of));
      const good = await authorize({ of, budgetIndex: 1, to: bob, slot: { lot: 2n, size: 1 }, value: 5n });
      expect(await asks(good.hash, good.payload)).to.equal(true);
      for (const [name, bytes] of good.parts) {
        for (const other of [
          `0x${"00".repeat(size(bytes))}`,
          `0x${"ff".repeat(size(bytes))}`,
          flip(bytes, 8 * size(bytes) - 8),
        ] as Hex[]) {
          if (other === bytes) continue;
          expect(await asks(good.hash, withPart(good, name, other)), `${name} = ${other}`).to.equal(false);
        }
      }
    });
    it("is rejected if truncated at any length, or with trailing bytes", async () => {
      const { hash, payload } = await authorize();
      for (let length = 0; length < size(payload); ++length)
        expect(await asks(hash, cut(payload, length)), `${length} bytes`).to.equal(false);
      for (const trailing of ["0x00", "0x01", pad("0x"), payload] as Hex[])
        expect(await asks(hash, concat([payload, trailing]))).to.equal(false);
    });
    it("is rejected if trailing zeros are cut off, though reads past the end give zeros", async () => {
      const last = getAddress(`0x${"ab".repeat(18)}0000`);
      const of = session({ budgets: [budget({ recipients: [alice, last] })] });
      await chain.send(enable(of));
      const { hash, payload } = await authorize({ of });
      expect(await asks(hash, payload)).to.equal(true);
      for (const missing of [1, 2])
        expect(await asks(hash, cut(payload, size(payload) - missing))).to.equal(false);
    });
    it("is rejected for a session that is not enabled", async () => {
      expect(await isGood({ of: session({ salt: 2n }) })).to.equal(false);
    });
    it("is rejected once the session is REVOKED, or in another epoch", async () => {
      const other = session({ salt: 2n });
      await chain.send(enable(other));
      await chain.send(revoke(other.account, await idOf(other)));
      expect(await isGood({ of: other })).to.equal(false);
      expect(await isGood()).to.equal(true);
      await chain.send(revokeAll(other.account));
      expect(await isGood()).to.equal(false);
      expect(
        await isGood({ of: session({ epoch: await epochOf(other.account) }) }),
        "not enabled in it",
      ).to.equal(false);
    });
    it("finds the budget among several, at any position", async () => {
      for (const budgetIndex of [0, 1, 2]) {
        const all = [nativeBudget(), budget({ token: ODD_TOKEN }), budget({ token: mallory })];
        const of = session({ budgets: all.toSpliced(budgetIndex, 0, budget()) });
        await chain.send(enable(of));
        expect(await isGood({ of, budgetIndex })).to.equal(true);
        const good = await authorize({ of, budgetIndex });
        for (const index of ["0x00", "0x01", "0x02", "0x03"] as Hex[]) {
          const payload = withPart(good, "budget", index);
          expect(await asks(good.hash, payload), index).to.equal(Number(index) === budgetIndex);
        }
      }
    });
    it("is rejected for a budget that the session does not have", async () => {
      const good = await authorize();
      for (const index of ["0x01", "0x02", "0x08", "0xff"] as Hex[])
        expect(await asks(good.hash, withPart(good, "budget", index))).to.equal(false);
      for (const count of ["0x00", "0x02", "0x09", "0xff"] as Hex[])
        expect(await asks(good.hash, withPart(good, "session.budgets", count))).to.equal(false);
    });
  });

  describe("of version 2, with a grant", () => {
    const granted = async (terms: Terms = {}) =>
      authorize({ ...terms, grant: terms.grant ?? (await grantOf(terms.of ?? session())) });
    it("is accepted before anything about the session is on chain", async () => {
      const { hash, payload } = await granted();
      expect(await asks(hash, payload)).to.equal(true);
    });
    it("is rejected with any one of its bits flipped", async () => {
      const { hash, payload } = await granted();
      for (let byte = 0; byte < size(payload); ++byte) {
        for (const bit of [0, 7])
          expect(await asks(hash, flip(payload, 8 * byte + bit)), `bit ${bit} of byte ${byte}`).to.equal(
            false,
          );
      }
    });
    it("is rejected if truncated at any length, and treats everything after the session as the grant", async () => {
      const { hash, payload } = await granted();
      for (let length = 0; length < size(payload); ++length)
        expect(await asks(hash, cut(payload, length)), `${length} bytes of ${size(payload)}`).to.equal(false);
      // The Safe has seen its owners' signatures, and looks no further: as in a grant of the execution rail.
      for (const trailing of ["0x00", pad("0x"), payload] as Hex[])
        expect(await asks(hash, concat([payload, trailing]))).to.equal(true);
      const { parts } = await granted();
      const session = parts.slice(0, -1).map(([, bytes]) => bytes);
      const grant = parts.at(-1)?.[1] as Hex;
      for (const leading of ["0x00", pad("0x")] as Hex[])
        expect(await asks(hash, concat([...session, leading, grant]))).to.equal(false);
    });
    it("is rejected with a grant that is empty, garbage, someone else's or for another session", async () => {
      for (const grant of [
        "0x",
        "0x1234",
        await grantOf(session(), [stranger]),
        await grantOf(session({ salt: 2n })),
      ] as Hex[])
        expect(await isGood({ grant }), grant).to.equal(false);
      const elsewhere = await signAsSafe(
        session().account,
        digestIn(await idOf(session()), { chainId: 8453 }),
      );
      expect(await isGood({ grant: elsewhere })).to.equal(false);
    });
    it("is rejected without a grant, or with an omitted part, though the owner signed the session", async () => {
      const of = rich();
      const grant = await grantOf(of);
      const whole = await authorize({
        of,
        budgetIndex: 1,
        to: bob,
        slot: { lot: 2n, size: 1 },
        value: 5n,
        grant,
      });
      expect(await asks(whole.hash, whole.payload)).to.equal(true);
      const before = whole.parts.slice(
        0,
        whole.parts.findIndex(([name]) => name === "session.validAfter"),
      );
      const carrying = (leftOut: LeftOut, behind: Hex) =>
        asks(whole.hash, concat([...before.map(([, bytes]) => bytes), packed(of, leftOut), behind]));
      expect(await carrying({}, grant)).to.equal(true);
      expect(await carrying({}, "0x")).to.equal(false);
      for (const leftOut of [
        { budgets: [0] },
        { budgets: [2] },
        { budgets: [1] },
        { actions: true },
        { budgets: [0, 2], actions: true },
      ])
        expect(await carrying(leftOut, grant), JSON.stringify(leftOut)).to.equal(false);
    });
    it("ignores the grant of an enabled session", async () => {
      await chain.send(enable(session()));
      for (const grant of ["0x00", "0x1234"] as Hex[]) expect(await isGood({ grant })).to.equal(true);
      expect(await isGood({ grant: "0x" }), "but one there must be").to.equal(false);
    });
    it("is rejected once the session is REVOKED or in another epoch, with any grant", async () => {
      await chain.send(revoke(session().account, await idOf(session())));
      expect(await isGood({ grant: await grantOf(session()) })).to.equal(false);
      const other = session({ salt: 2n });
      await chain.send(revokeAll(other.account));
      expect(await isGood({ of: other, grant: await grantOf(other) })).to.equal(false);
      const renewed = session({ epoch: await epochOf(other.account) });
      expect(await isGood({ of: renewed, grant: await grantOf(renewed) })).to.equal(true);
    });
    it("is rejected for another account's session, and for one of another key", async () => {
      const elsewhere = session({ account: chain.safes["1.5.0"] });
      const { hash, payload } = await granted({ of: elsewhere });
      expect(await asks(hash, payload, elsewhere.account)).to.equal(true);
      expect(await asks(hash, payload, session().account)).to.equal(false);
      const others = session({ key: stranger.address });
      expect(await isGood({ of: others, grant: await grantOf(others) })).to.equal(false);
      expect(await isGood({ of: others, by: stranger, grant: await grantOf(others) })).to.equal(true);
    });
    const flawed: [string, () => Partial<ReturnType<typeof session>>][] = [
      ["perTransaction 0", () => ({ budgets: [budget({ perTransaction: 0n })] })],
      ["a period of 0", () => ({ budgets: [budget({ period: 0 })] })],
      [
        "perTransaction above perPeriod",
        () => ({ budgets: [budget({ perTransaction: 30n * USD, perPeriod: 20n * USD })] }),
      ],
      ["signatures of a kind that there is not", () => ({ budgets: [budget({ signatures: 3 })] })],
      ["signatures by Permit2", () => ({ budgets: [budget({ signatures: 6 })] })],
      ["slot sizes without signatures", () => ({ budgets: [budget({ signatures: 0 })] })],
      ["signatures without slot sizes", () => ({ budgets: [budget({ sizes: 0 })] })],
      ["nine slot sizes", () => ({ budgets: [budget({ signatures: 1, sizes: 9 })] })],
      ["15 slot sizes", () => ({ budgets: [budget({ signatures: 1, sizes: 15 })] })],
      ["a stream with slots", () => ({ budgets: [budget({ perSecond: 1n })] })],
      ["no recipient", () => ({ budgets: [budget({ recipients: [] })] })],
      ["recipient 0", () => ({ budgets: [budget({ recipients: [alice, zeroAddress] })] })],
      ["an end beyond 2**47", () => ({ validUntil: 2 ** 47 })],
      ["two budgets of a token", () => ({ budgets: [budget(), budget()] })],
      ["an action on the token", () => ({ actions: [actAction({ target: chain.usdc.address })] })],
      [
        "an operator of 6",
        () => ({ actions: [actAction({ rules: [{ offset: 4, op: 6, value: pad("0x") }] })] }),
      ],
    ];
    for (const [title, changes] of flawed) {
      it(`is rejected for a granted session with ${title}`, async () => {
        const of = session(changes());
        for (const value of [USD, 0n])
          expect(await isGood({ of, value, grant: await grantOf(of) })).to.equal(false);
      });
    }
    it("is rejected without a revert for a granted session in another encoding", async () => {
      const of = session({ actions: [actAction({ rules: [{ offset: 4, op: 0, value: pad("0x05") }] })] });
      const good = await granted({ of });
      expect(await asks(good.hash, good.payload)).to.equal(true);
      for (const [name, bytes] of good.parts.filter(([name]) => /salt|per|\.value$/.test(name)))
        for (const zeros of [1, 2, 20]) {
          const longer = withPart(good, name, withZeros(bytes, zeros));
          expect(await asks(good.hash, longer), `${zeros} zeros before ${name}`).to.equal(false);
        }
      for (const [name, count] of [
        ["budgets", 9],
        ["budgets[0].recipients", 33],
        ["actions", 33],
        ["actions[0].rules", 9],
      ] as const)
        for (const other of [count, 0, 254, 255])
          expect(
            await asks(good.hash, withPart(good, `session.${name}`, numberToHex(other, { size: 1 }))),
            `${other} ${name}`,
          ).to.equal(false);
      for (const codes of [3, 3 << 2, 3 << 4, 1 << 6, 1 << 7])
        expect(
          await asks(good.hash, withPart(good, "session.codes", numberToHex(codes, { size: 1 }))),
        ).to.equal(false);
    });
  });

  describe("of version 3, which contains the key, on an account that passes on the unchanged hash", () => {
    const naming = (good: Authorization, address: Hex): Hex =>
      withPart(good, "version", concat(["0x03", address]));
    beforeEach(async () => {
      await chain.send(enable(session()));
    });
    it("makes the account accept exactly the hash that the key signed", async () => {
      const good = await authorize();
      expect(await asks(good.hash, naming(good, key.address))).to.equal(true);
      for (const other of [flip(good.hash, 0), flip(good.hash, 255), keccak256(good.hash), pad("0x")])
        expect(await asks(other, naming(good, key.address))).to.equal(false);
    });
    it("is rejected if it names a thief, whether the thief or the key signed", async () => {
      const [stolen, good] = [await authorize({ by: stranger }), await authorize()];
      expect(await asks(stolen.hash, naming(stolen, stranger.address))).to.equal(false);
      expect(await asks(good.hash, naming(good, stranger.address))).to.equal(false);
    });
    it("is rejected if it names the key and a thief has signed", async () => {
      const stolen = await authorize({ by: stranger });
      expect(await asks(stolen.hash, naming(stolen, key.address))).to.equal(false);
    });
    it("is rejected if it names the zero address with an invalid signature", async () => {
      const good = await authorize();
      expect(await asks(good.hash, naming(good, zeroAddress))).to.equal(false);
      const unsigned = withPart(good, "r", pad("0x"));
      expect(await asks(good.hash, concat(["0x03", zeroAddress, `0x${unsigned.slice(4)}`]))).to.equal(false);
    });
    it("is rejected with any one of its bits flipped", async () => {
      const good = await authorize({ slot: { lot: 3n }, validAfter: 5n });
      const payload = naming(good, key.address);
      for (let bit = 0; bit < 8 * size(payload); ++bit)
        expect(await asks(good.hash, flip(payload, bit)), `bit ${bit & 7} of byte ${bit >> 3}`).to.equal(
          false,
        );
    });
    it("is rejected if truncated at any length, or with trailing bytes", async () => {
      const good = await authorize();
      const payload = naming(good, key.address);
      for (let length = 0; length < size(payload); ++length)
        expect(await asks(good.hash, cut(payload, length)), `${length} bytes`).to.equal(false);
      for (const tail of ["0x00", "0x01", pad("0x")] as const)
        expect(await asks(good.hash, concat([payload, tail]))).to.equal(false);
    });
  });

  describe("of version 4, which contains the key and a grant", () => {
    const named = async (terms: Terms = {}) =>
      authorize({ namesKey: true, grant: await grantOf(terms.of ?? session()), ...terms });
    it("is accepted before anything about the session is on chain", async () => {
      const { hash, payload } = await named();
      expect(payload.slice(0, 4)).to.equal("0x04");
      expect(await asks(hash, payload)).to.equal(true);
      for (const other of [flip(hash, 0), flip(hash, 255), keccak256(hash), pad("0x")])
        expect(await asks(other, payload)).to.equal(false);
    });
    it("is rejected with any one of its bits flipped, and if truncated at any length", async () => {
      const { hash, payload } = await named();
      for (let byte = 0; byte < size(payload); ++byte) {
        expect(await asks(hash, cut(payload, byte)), `${byte} bytes`).to.equal(false);
        for (const bit of [0, 7])
          expect(await asks(hash, flip(payload, 8 * byte + bit)), `bit ${bit} of byte ${byte}`).to.equal(
            false,
          );
      }
    });
    it("is rejected if it names a thief, has a thief's signature, or has no grant", async () => {
      const stolen = await named({ by: stranger });
      expect(await asks(stolen.hash, stolen.payload)).to.equal(false);
      expect(await asks(stolen.hash, withPart(stolen, "key", stranger.address))).to.equal(false);
      const good = await named();
      expect(await asks(good.hash, withPart(good, "key", stranger.address))).to.equal(false);
      expect(await asks(good.hash, withPart(good, "key", zeroAddress))).to.equal(false);
      const bare = await named({ grant: "0x" });
      expect(await asks(bare.hash, bare.payload)).to.equal(false);
    });
  });

  describe("of an enabled session", () => {
    const terms = () => ({ of: rich(), budgetIndex: 1, to: bob, slot: { lot: 2n, size: 1 }, value: 5n });
    beforeEach(async () => {
      await chain.send(enable(rich()));
    });
    it("may omit each part that the payment does not need", async () => {
      for (const leftOut of [
        {},
        { budgets: [0] },
        { budgets: [2] },
        { budgets: [0, 2] },
        { actions: true },
        { budgets: [0, 2], actions: true },
      ])
        expect(await isGood({ ...terms(), leftOut }), JSON.stringify(leftOut)).to.equal(true);
    });
    it("may not omit the budget that is paid from", async () => {
      for (const leftOut of [{ budgets: [1] }, { budgets: [0, 1, 2], actions: true }])
        for (const payee of [alice, zeroAddress, ANYONE])
          expect(await isGood({ ...terms(), leftOut, to: payee })).to.equal(false);
    });
    it("is rejected for an omitted budget, for any recipient", async () => {
      const of = rich();
      for (const budgetIndex of [0, 1, 2])
        for (const to of [alice, bob, mallory, zeroAddress, ANYONE])
          for (const value of [0n, 1n])
            expect(
              await isGood({ of, budgetIndex, to, value, leftOut: { budgets: [budgetIndex] } }),
              `budget ${budgetIndex}`,
            ).to.equal(false);
    });
    it("is rejected if an omitted part's hash differs", async () => {
      const good = await authorize(terms());
      expect(await asks(good.hash, good.payload)).to.equal(true);
      for (const name of ["session.budgets[0].hash", "session.budgets[2].hash", "session.actions.hash"])
        for (const hash of [pad("0x"), pad("0x01"), keccak256("0x")])
          expect(await asks(good.hash, withPart(good, name, hash)), name).to.equal(false);
    });
  });

  describe("of any other version", () => {
    it("is rejected: 0, 5, 27, 28, 255; and versions are not interchangeable", async () => {
      await chain.send(enable(session()));
      const good = await authorize();
      for (const version of ["0x00", "0x02", "0x03", "0x04", "0x05", "0x1b", "0x1c", "0xff"] as Hex[])
        expect(await asks(good.hash, withPart(good, "version", version))).to.equal(false);
      const granted = await authorize({ grant: await grantOf(session()) });
      for (const version of ["0x00", "0x01", "0x03", "0x04", "0x05", "0x1b", "0x1c", "0xff"] as Hex[])
        expect(await asks(granted.hash, withPart(granted, "version", version))).to.equal(false);
    });
  });

  describe("names the token's domain", () => {
    const odd = () => session({ budgets: [budget({ token: ODD_TOKEN })] });
    beforeEach(async () => {
      await chain.send(enable(session()));
      await chain.send(enable(odd()));
    });
    for (const [code, name] of [
      [1, "USD Coin"],
      [2, "USDC"],
      [3, "EURC"],
    ] as const) {
      it(`by code ${code} for "${name}", "2", and by no other code`, async () => {
        const good = await authorize({ of: odd(), domain: { name, version: "2" } });
        expect(good.parts.find(([part]) => part === "domain")?.[1]).to.equal(numberToHex(code, { size: 1 }));
        expect(await asks(good.hash, good.payload)).to.equal(true);
        for (let other = 1; other < 256; ++other) {
          if (other === code) continue;
          const payload = withPart(good, "domain", numberToHex(other, { size: 1 }));
          expect(await asks(good.hash, payload), `code ${other}`).to.equal(false);
        }
      });
    }
    it("by its two hashes, for any name and version", async () => {
      for (const domain of [
        { name: "Odd", version: "7" },
        { name: "", version: "" },
      ])
        expect(await isGood({ of: odd(), domain })).to.equal(true);
      expect(await isGood({ of: odd(), domain: { name: "USD Coin", version: "2" }, domainCode: 0 })).to.equal(
        true,
      );
    });
    it("and is rejected if the hash is for another name, version or chain", async () => {
      expect(await isGood({ domain: { name: "USDC", version: "2" }, domainCode: 1 })).to.equal(false);
      expect(await isGood({ domain: { name: "USD Coin", version: "1" }, domainCode: 1 })).to.equal(false);
      expect(await isGood({ domain: { name: "USD Coin", version: "2", chainId: 8453 } })).to.equal(false);
    });
    it("but not the token: another token's hash is rejected", async () => {
      const usdc = await authorize();
      const same = await authorize({ of: odd(), domain: { name: "USD Coin", version: "2" } });
      expect(await asks(same.hash, usdc.payload)).to.equal(false);
      expect(await asks(usdc.hash, same.payload)).to.equal(false);
    });
  });

  describe("names the payee", () => {
    it("by its index among the recipients", async () => {
      await chain.send(enable(session()));
      expect(await isGood({ to: alice })).to.equal(true);
      expect(await isGood({ to: bob })).to.equal(true);
      const good = await authorize({ to: bob });
      for (const payee of [0n, 2n, 31n, 32n, 255n, 2n ** 64n, BigInt(alice), BigInt(mallory)])
        expect(await asks(good.hash, withPart(good, "payee", number(payee)))).to.equal(false);
    });
    it("by its address, which must be a recipient's", async () => {
      await chain.send(enable(session()));
      for (const to of [alice, bob]) {
        const good = await authorize({ to });
        expect(await asks(good.hash, withPart(good, "payee", number(BigInt(to))))).to.equal(true);
      }
    });
    it("below 32 by the index alone, even if a recipient has that address", async () => {
      const low = toHex(1, { size: 20 });
      const of = session({ budgets: [budget({ recipients: [low, alice] })] });
      await chain.send(enable(of));
      const good = await authorize({ of, to: low });
      expect(await asks(good.hash, good.payload)).to.equal(true);
      expect(await asks(good.hash, withPart(good, "payee", number(1n)))).to.equal(false);
      // Where there is nobody at that place either, it is nobody.
      const alone = session({ budgets: [budget({ recipients: [low] })], salt: 9n });
      await chain.send(enable(alone));
      const one = await authorize({ of: alone, to: low });
      expect(await asks(one.hash, one.payload)).to.equal(true);
      expect(await asks(one.hash, withPart(one, "payee", number(1n)))).to.equal(false);
    });
    it("who must be a recipient", async () => {
      await chain.send(enable(session()));
      expect(await isGood({ to: mallory })).to.equal(false);
      expect(await isGood({ to: zeroAddress })).to.equal(false);
      const bad = await authorize({ to: mallory });
      expect(await asks(bad.hash, withPart(bad, "payee", number(BigInt(mallory))))).to.equal(false);
    });
    it("and an unlisted index does not mean the zero address", async () => {
      await chain.send(enable(session()));
      const bad = await authorize({ to: zeroAddress });
      for (const payee of [2n, 3n, 255n])
        expect(await asks(bad.hash, withPart(bad, "payee", number(payee)))).to.equal(false);
    });
    it("by its address if the budget allows ANYONE, in both versions", async () => {
      const of = session({ budgets: [budget({ recipients: [ANYONE] })] });
      expect(await isGood({ of, to: mallory, grant: await grantOf(of) })).to.equal(true);
      await chain.send(enable(of));
      for (const to of [mallory, alice]) expect(await isGood({ of, to })).to.equal(true);
      const good = await authorize({ of, to: mallory });
      expect(await asks(good.hash, withPart(good, "payee", number(BigInt(alice))))).to.equal(false);
    });
  });

  describe("is signed by the session's key", () => {
    beforeEach(async () => {
      await chain.send(enable(session()));
    });
    it("and nobody else", async () => {
      for (const by of [stranger, owner]) expect(await isGood({ by })).to.equal(false);
    });
    it("with a low s", async () => {
      const good = await authorize();
      const [r, vs] = compact(good.keySignature);
      const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
      const high = order - (BigInt(vs) & ((1n << 255n) - 1n));
      for (const parity of [0n, 1n << 255n])
        expect(
          await asks(good.hash, withPart(good, "vs", pad(toHex((high & ((1n << 255n) - 1n)) | parity)))),
        ).to.equal(false);
      expect(await asks(good.hash, withPart(good, "r", pad("0x")))).to.equal(false);
      expect(await asks(good.hash, withPart(good, "vs", pad("0x")))).to.equal(false);
      expect(await asks(good.hash, withPart(good, "r", toHex(MAX_UINT256)))).to.equal(false);
      expect(r).to.have.length(66);
    });
    it("over TransferWithAuthorization only: never Permit, ReceiveWithAuthorization or CancelAuthorization", async () => {
      const good = await authorize();
      const { from, to, value, validAfter, validBefore, nonce } = good;
      const domain = { name: "USD Coin", version: "2", chainId: 1, verifyingContract: chain.usdc.address };
      const sixWords = [
        "address from",
        "address to",
        "uint256 value",
        "uint256 validAfter",
        "uint256 validBefore",
        "bytes32 nonce",
      ];
      const fields = (list: string[]) =>
        list.map((field) => ({ type: field.split(" ")[0] as string, name: field.split(" ")[1] as string }));
      const others = [
        ["ReceiveWithAuthorization", fields(sixWords), { from, to, value, validAfter, validBefore, nonce }],
        ["CancelAuthorization", fields(["address authorizer", "bytes32 nonce"]), { authorizer: from, nonce }],
        [
          "Permit",
          fields(["address owner", "address spender", "uint256 value", "uint256 nonce", "uint256 deadline"]),
          { owner: from, spender: to, value, nonce: 0n, deadline: validBefore },
        ],
      ] as const;
      for (const [primaryType, members, message] of others) {
        const hash = hashTypedData({
          domain,
          types: { [primaryType]: members },
          primaryType,
          message,
        } as never);
        const [r, vs] = compact(await key.sign({ hash }));
        const payload = concat(
          good.parts.map(([name, bytes]) => (name === "r" ? r : name === "vs" ? vs : bytes)),
        );
        expect(await asks(hash, payload), primaryType).to.equal(false);
        expect(await asks(hash, good.payload), primaryType).to.equal(false);
      }
    });
  });

  describe("has numbers of bounded width", () => {
    for (const [name, width] of [
      ["lot", 16],
      ["index", 2],
      ["payee", 20],
      ["value", 16],
      ["validAfter", 32],
      ["validBefore", 32],
      ["session.salt", 32],
      ["session.gasAllowance", 16],
      ["session.paymaster", 20],
      ["session.budgets[1].perTransaction", 16],
      ["session.budgets[1].perPeriod", 16],
      ["session.budgets[1].period", 4],
    ] as const) {
      it(`${name}: ${width} bytes, with no zero in front`, async () => {
        await chain.send(enable(rich()));
        const good = await authorize({
          of: rich(),
          budgetIndex: 1,
          to: bob,
          slot: { lot: 2n, size: 1 },
          value: 5n,
          validAfter: 7n,
        });
        expect(await asks(good.hash, good.payload)).to.equal(true);
        const was = good.parts.find(([part]) => part === name)?.[1] as Hex;
        for (let zeros = 1; size(was) - 1 + zeros <= width + 2; ++zeros)
          expect(
            await asks(good.hash, withPart(good, name, withZeros(was, zeros))),
            `${zeros} zeros`,
          ).to.equal(false);
        for (const count of [width + 1, 33, 255]) {
          const wide = concat([numberToHex(count, { size: 1 }), `0x01${"00".repeat(count - 1)}`]);
          expect(await asks(good.hash, withPart(good, name, wide)), `${count} bytes`).to.equal(false);
        }
      });
    }
    it("including the last, for an enabled session followed by a grant", async () => {
      const of = rich();
      await chain.send(enable(of));
      const good = await authorize({
        of,
        budgetIndex: 1,
        to: bob,
        slot: { lot: 2n, size: 1 },
        value: 5n,
        leftOut: {},
        grant: "0x1234",
      });
      expect(await asks(good.hash, good.payload)).to.equal(true);
      // All that stands before it has been read by then, and the id is the session's.
      const [last, was] = good.parts.filter(([name]) => /^session\.actions/.test(name)).at(-1) as [
        string,
        Hex,
      ];
      expect(await asks(good.hash, withPart(good, last, withZeros(was, 1))), last).to.equal(false);
    });
    it("so that no payment has two payloads: one without its first byte is rejected", async () => {
      await chain.send(enable(session()));
      const good = await authorize({ to: bob, validAfter: 0n });
      expect(await asks(good.hash, good.payload)).to.equal(true);
      const others: [string, Hex][] = [
        ["payee", concat(["0x1501", bob])],
        ["validAfter", concat(["0x2101", `0x${"00".repeat(32)}`])],
      ];
      for (const [name, wide] of others)
        expect(await asks(good.hash, withPart(good, name, wide)), name).to.equal(false);
    });
    it("so that a truncated beginning cannot name another session", async () => {
      const of = session({ budgets: [budget({ period: 1 })] });
      await chain.send(enable(of));
      const good = await authorize({ of, period: 1n });
      expect(await asks(good.hash, good.payload)).to.equal(true);
      // 2**32 + 1 seconds would be 1 second, if what does not fit were dropped.
      expect(await asks(good.hash, withPart(good, "session.budgets[0].period", "0x050100000001"))).to.equal(
        false,
      );
    });
    it("and may have the maximum of their width", async () => {
      const of = session({
        salt: MAX_UINT256,
        gasAllowance: 2n ** 128n - 1n,
        paymaster: ANYONE,
        validUntil: 2 ** 47 - 1,
      });
      await chain.send(enable(of));
      expect(await isGood({ of, validBefore: MAX_UINT256, validAfter: MAX_UINT256 - 1n })).to.equal(true);
    });
  });

  describe("shorter than 66 bytes", () => {
    it("is rejected, with any first bytes", async () => {
      await chain.send(enable(session()));
      const { hash, payload } = await authorize();
      for (let length = 0; length < 66; ++length) {
        for (const bytes of [
          cut(payload, length),
          `0x${"01".repeat(length)}`,
          `0x${"02".repeat(length)}`,
        ] as Hex[])
          expect(await asks(hash, bytes)).to.equal(false);
      }
    });
  });

  describe("of arbitrary bytes", () => {
    it("is rejected without a revert", async () => {
      const random = randomBytes("any bytes");
      const next = () => random.next().value as number;
      for (let run = 0; run < 300; ++run) {
        const length = 60 + (((next() << 8) | next()) % 900);
        const bytes = Array.from({ length }, next);
        bytes[0] = 1 + (run % 4);
        const payload = `0x${bytes.map((one) => one.toString(16).padStart(2, "0")).join("")}` as Hex;
        expect(await asks(keccak256(payload), payload), payload).to.equal(false);
      }
    });
    it("derived from a payload is rejected without a revert, though the key signed the hash", async () => {
      await chain.send(enable(session()));
      const random = randomBytes("bent payloads");
      const next = () => random.next().value as number;
      const versions = [
        await authorize({ of: rich(), budgetIndex: 1 }),
        await authorize({ grant: await grantOf(session()) }),
      ];
      for (let run = 0; run < 400; ++run) {
        const { hash, payload, parts } = versions[run % 2] as Authorization;
        const bytes = payload.slice(2).match(/../g) ?? [];
        // Behind the key's signature, so that nothing is refused for the key's sake.
        const first = size(
          concat(parts.slice(0, parts.findIndex(([name]) => name === "vs") + 1).map(([, part]) => part)),
        );
        for (let i = 0; i <= run % 3; ++i) {
          const at = first + (((next() << 8) | next()) % (bytes.length - first));
          bytes[at] = next().toString(16).padStart(2, "0");
        }
        const bent = `0x${bytes.join("")}` as Hex;
        if (bent === payload) continue;
        await asks(hash, bent);
      }
    });
  });

  it("is validated for the calling account only", async () => {
    await chain.send(enable(session()));
    const { hash, payload } = await authorize();
    for (const account of [chain.safes["1.5.0"], stranger.address, zeroAddress, chain.usdc.address])
      expect(await asks(hash, payload, account)).to.equal(false);
  });
  it("is accepted from validAfter until the second before validUntil", async () => {
    const of = session({ validAfter: T0 + 100, validUntil: T0 + 200 });
    await chain.send(enable(of));
    const terms = { of, validBefore: BigInt(T0 + DAY) };
    for (const [second, good] of [
      [T0 + 99, false],
      [T0 + 100, true],
      [T0 + 199, true],
      [T0 + 200, false],
    ] as const) {
      await chain.setTime(second);
      expect(await isGood(terms), `second ${second}`).to.equal(good);
    }
    // Before period 0 there is none: not even the one that a number without a sign would be.
    const early = session({ validAfter: T0 + 1_000 });
    await chain.send(enable(early));
    const period = (2n ** 256n + BigInt((await chain.now()) - T0 - 1_000)) / BigInt(DAY);
    expect(await isGood({ ...terms, of: early, period })).to.equal(false);
  });
});
