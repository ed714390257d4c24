import { type Erc7579AccountKind, isRefusal, type Session } from "@latchkey/sdk";
import { decodePayload, encodeEnable, encodePayload, type PayloadParameters } from "@latchkey/sdk/encoding";
import {
  encodeSessionUserOpCallData,
  erc7579Abi,
  erc7579Installation,
  erc7579KindOf,
  erc7579Removal,
  granterPrefix,
  validatorNonceKey,
  wrapForErc7579,
} from "@latchkey/sdk/erc7579";
import { expect } from "chai";
import { concat, decodeFunctionData, getAddress, type Hex, numberToHex, size, slice, toHex } from "viem";
import { packed } from "../../contracts/sessionBytes.ts";

const address = (n: number) => getAddress(toHex(n, { size: 20 }));
const [account, module, validator] = [address(0xa1), address(0xb2), address(0xc3)];
const kinds: readonly Erc7579AccountKind[] = ["openzeppelin", "reference", "nexus", "kernel", "safe7579"];

const session: Session = {
  account,
  key: address(0xa2),
  validAfter: 1_800_000_000,
  validUntil: 1_800_604_800,
  epoch: 0n,
  salt: 1n,
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
const payment: PayloadParameters = {
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

/** 24 bytes. */
const keyBytes = (kind: Erc7579AccountKind, lane?: number): Hex =>
  numberToHex(validatorNonceKey({ kind, validator, ...(lane === undefined ? {} : { lane }) }), { size: 24 });

describe("the SDK's encodings for ERC-7579 accounts", () => {
  it("puts the validator in a nonce where each account expects it", () => {
    for (const kind of ["openzeppelin", "reference", "safe7579"] as const)
      expect(keyBytes(kind, 7)).to.equal(concat([validator, "0x00000007"]).toLowerCase());
    expect(keyBytes("nexus", 7)).to.equal(concat(["0x000007", "0x00", validator]).toLowerCase());
    expect(keyBytes("kernel", 7)).to.equal(concat(["0x00", "0x01", validator, "0x0007"]).toLowerCase());
    for (const kind of kinds) expect(keyBytes(kind)).to.equal(keyBytes(kind, 0));
  });
  it("rejects a lane that would change the validator", () => {
    for (const [kind, most] of [
      ["openzeppelin", 2 ** 32],
      ["nexus", 2 ** 24],
      ["kernel", 2 ** 16],
    ] as const) {
      expect(() => keyBytes(kind, most)).to.throw();
      expect(() => keyBytes(kind, most - 1)).not.to.throw();
      expect(() => keyBytes(kind, -1)).to.throw();
    }
  });
  it("encodes the granter like a validator in the account's signatures", () => {
    for (const kind of ["openzeppelin", "reference", "nexus", "safe7579"] as const)
      expect(granterPrefix({ kind, validator })).to.equal(validator);
    expect(granterPrefix({ kind: "kernel", validator })).to.equal(concat(["0x01", validator]));
    expect(granterPrefix({ kind: "kernel" })).to.equal("0x00");
    expect(granterPrefix({ kind: "safe7579" })).to.equal(`0x${"00".repeat(20)}`);
    for (const kind of ["openzeppelin", "reference", "nexus"] as const)
      expect(() => granterPrefix({ kind })).to.throw("Pass the address of the owner's validator module");
  });
  it("puts the module before a payload, like a validator in the account's signatures", () => {
    for (const kind of kinds)
      expect(wrapForErc7579("0x1234", { kind, module })).to.equal(
        kind === "kernel" ? concat(["0x01", module, "0x1234"]) : concat([module, "0x1234"]),
      );
  });
  it("adds only the key to a payload for an account that wraps the hash", () => {
    const plain = encodePayload(payment);
    const wrapped = encodePayload({ ...payment, wrapsHash: true });
    expect(wrapped).to.equal(concat(["0x03", session.key, slice(plain, 1)]));
    const said = decodePayload(wrapped);
    expect(said.version === 3 && said.key).to.equal(session.key);
    expect({ ...said, version: 1, key: undefined }).to.deep.equal(decodePayload(plain));
  });
  it("also adds the key next to a grant, for an account that wraps the hash", () => {
    const granted = { ...payment, grant: "0x1234" } as const;
    const [plain, wrapped] = [encodePayload(granted), encodePayload({ ...granted, wrapsHash: true })];
    expect(wrapped).to.equal(concat(["0x04", session.key, slice(plain, 1)]));
    const said = decodePayload(wrapped);
    expect(said.version === 4 && said.key).to.equal(session.key);
    expect({ ...said, version: 2, key: undefined }).to.deep.equal(decodePayload(plain));
  });
  it("identifies an account by its id, without guessing", () => {
    expect(erc7579KindOf("biconomy.nexus.1.2.1")).to.equal("nexus");
    expect(erc7579KindOf("kernel.advanced.v0.3.1")).to.equal("kernel");
    expect(erc7579KindOf("kernel.advanced.v0.3.3")).to.equal("kernel-0.3.3");
    for (const unknown of [
      "",
      "kernel.advanced.v0.3.4",
      "kernel.advanced.v0.3",
      "biconomy.nexus.2.0.0",
      "nexus",
    ]) {
      try {
        erc7579KindOf(unknown);
      } catch (error) {
        expect(isRefusal(error) && error.code, unknown).to.equal("UNSUPPORTED_ACCOUNT");
        continue;
      }
      expect.fail(`${unknown} was taken for one`);
    }
  });
  it("installs both types with calls to the account, the first with the data", () => {
    for (const kind of kinds) {
      const calls = erc7579Installation({ kind, account, module, granter: "0xaa", sessions: [session] });
      expect(calls.map(({ to }) => to)).to.deep.equal([account, account]);
      const [first, second] = calls.map(({ data }) => decodeFunctionData({ abi: erc7579Abi, data }).args);
      expect(first?.slice(0, 2)).to.deep.equal([1n, module]);
      expect(second?.slice(0, 2)).to.deep.equal([2n, module]);
      const inner = concat(["0x01", "0xaa", session.key, packed(session)]).toLowerCase();
      if (kind !== "kernel") expect(first?.[2]).to.equal(inner);
      else expect(first?.[2]).to.include(inner.slice(2));
      if (kind !== "kernel") expect(second?.[2]).to.equal("0x");
    }
  });
  it("rejects a granter that the module could not store, or that would let anyone grant", () => {
    for (const granter of ["0x", `0x${"ff".repeat(24)}`] as const)
      expect(() => erc7579Installation({ kind: "nexus", account, module, granter })).to.throw(
        "1 to 23 bytes",
      );
  });
  it("removes both types, and ends all sessions before that", () => {
    const calls = erc7579Removal({ kind: "kernel", account, module });
    expect(calls.map(({ to }) => to)).to.deep.equal([module, account, account]);
    expect(() =>
      erc7579Removal({ kind: "nexus", account, module, validators: [validator], executors: [module] }),
    ).to.throw("is not in the account's list of modules");
  });
  it("wraps an execution in the call that the validator accepts, with or without a grant", () => {
    const calls = [encodeEnable({ module, session })];
    const without = encodeSessionUserOpCallData({ session: { module, session }, calls });
    const [mode, execution] = decodeFunctionData({ abi: erc7579Abi, data: without }).args as readonly [
      Hex,
      Hex,
    ];
    expect(mode).to.equal(`0x${"00".repeat(32)}`);
    expect(getAddress(slice(execution, 0, 20))).to.equal(module);
    expect(BigInt(slice(execution, 20, 52))).to.equal(0n);
    const withGrant = encodeSessionUserOpCallData({
      session: { module, session },
      signature: "0x1234",
      calls,
    });
    expect(size(withGrant)).to.equal(size(without) + 32);
  });
});
