import { expect } from "chai";
import {
  type Address,
  concat,
  encodeAbiParameters,
  type Hex,
  hashDomain,
  pad,
  parseAbiParameters,
  slice,
  toHex,
  zeroHash,
} from "viem";
import { ACCOUNT, ask, CHAIN_ID, OTHER_ACCOUNT, stranger, teach, useAccounts } from "./erc7579Fixture.ts";

const EIP712_DOMAIN = "0x84b0196e";
const trySeparator = (account: Address = ACCOUNT) =>
  ask<[ok: boolean, separator: Hex]>("AccountDomainHarness", "trySeparator", [account]);

/** What `eip712Domain()` of ERC-5267 answers. */
const answerOf = (
  name: string,
  version: string,
  verifyingContract: Address = ACCOUNT,
  chainId = CHAIN_ID,
): Hex =>
  encodeAbiParameters(parseAbiParameters("bytes1, string, string, uint256, address, bytes32, uint256[]"), [
    "0x0f",
    name,
    version,
    BigInt(chainId),
    verifyingContract,
    zeroHash,
    [],
  ]);
const separatorOf = (name: string, version: string, verifyingContract: Address = ACCOUNT): Hex =>
  hashDomain({
    domain: { name, version, chainId: BigInt(CHAIN_ID), verifyingContract },
    types: {
      EIP712Domain: [
        { name: "name", type: "string" },
        { name: "version", type: "string" },
        { name: "chainId", type: "uint256" },
        { name: "verifyingContract", type: "address" },
      ],
    },
  });
const withWord = (answer: Hex, index: number, word: bigint): Hex =>
  concat([
    index === 0 ? "0x" : slice(answer, 0, 32 * index),
    toHex(word, { size: 32 }),
    slice(answer, 32 * (index + 1)),
  ]);

describe("AccountDomain", () => {
  useAccounts();
  const learn = (answer: Hex, options = {}) => teach(EIP712_DOMAIN, answer, options);

  for (const [name, version] of [
    ["Kernel", "0.3.1"],
    ["", ""],
    ["N", "a version of more than thirty-two bytes, which takes two words"],
    ["thirty-two bytes, to the last one", "1"],
  ] as const) {
    it(`hashes the name "${name}" and the version "${version}" like viem`, async () => {
      await learn(answerOf(name, version));
      expect(await trySeparator()).to.deep.equal([true, separatorOf(name, version)]);
    });
  }
  it("uses the actual account and chain, whatever the account reports", async () => {
    await learn(answerOf("Kernel", "0.3.1", stranger.address, 1));
    expect(await trySeparator()).to.deep.equal([true, separatorOf("Kernel", "0.3.1")]);
    await teach(EIP712_DOMAIN, answerOf("Kernel", "0.3.1"), { account: OTHER_ACCOUNT });
    expect(await trySeparator(OTHER_ACCOUNT)).to.deep.equal([
      true,
      separatorOf("Kernel", "0.3.1", OTHER_ACCOUNT),
    ]);
  });

  describe("returns not ok, without a revert, if the account", () => {
    const good = answerOf("Kernel", "0.3.1");
    const none = async (account: Address = ACCOUNT) => {
      const [ok] = await trySeparator(account);
      expect(ok).to.equal(false);
    };
    it("has no such function", () => none());
    it("has no code", () => none(stranger.address));
    it("reverts, even with valid data", async () => {
      await learn(good, { fails: true });
      await none();
    });
    it("returns nothing, or less than the seven words", async () => {
      for (const length of [0, 1, 32, 192, 223]) {
        await learn(length === 0 ? "0x" : slice(good, 0, length));
        await none();
      }
    });
    it("returns only the seven words, without the strings", async () => {
      await learn(slice(good, 0, 224));
      await none();
    });
    it("returns garbage", async () => {
      await learn(`0x${"ff".repeat(224)}`);
      await none();
      await learn(`0x${"a5".repeat(1000)}`);
      await none();
    });
    for (const [which, index] of [
      ["name", 1],
      ["version", 2],
    ] as const) {
      it(`gives its ${which} an offset out of range`, async () => {
        const length = BigInt(good.length / 2 - 1);
        for (const offset of [
          length,
          length - 31n,
          2n ** 32n,
          2n ** 255n,
          2n ** 256n - 1n,
          2n ** 256n - 32n,
        ]) {
          await learn(withWord(good, index, offset));
          await none();
        }
      });
      it(`gives its ${which} a length out of range`, async () => {
        const at = Number(BigInt(slice(good, 32 * index, 32 * index + 32))) / 32;
        const left = BigInt(good.length / 2 - 1) - 32n * BigInt(at) - 32n;
        for (const length of [left + 1n, 2n ** 32n, 2n ** 255n, 2n ** 256n - 1n, 2n ** 256n - left]) {
          await learn(withWord(good, at, length));
          await none();
        }
      });
    }
  });

  it("reads a string up to the end of the return data, and no further", async () => {
    const good = answerOf("Kernel", "0.3.1");
    const length = BigInt(good.length / 2 - 1);
    // The last word of the answer counts the extensions: 0. As a string it is empty.
    await learn(withWord(good, 1, length - 32n));
    expect(await trySeparator()).to.deep.equal([true, separatorOf("", "0.3.1")]);
    const all = withWord(concat([good, pad("0x00")]), 1, length - 32n);
    await learn(withWord(all, Number(length / 32n) - 1, 32n));
    expect(await trySeparator()).to.deep.equal([true, separatorOf("\0".repeat(32), "0.3.1")]);
  });
});
