import { PERMIT2, transferWithAuthorizationTypes } from "@latchkey/devchain";
import { hashSession } from "@latchkey/sdk";
import { encodePayload, slotNonce } from "@latchkey/sdk/encoding";
import { expect } from "chai";
import {
  concat,
  encodeAbiParameters,
  type Hex,
  hashDomain,
  hashStruct,
  hashTypedData,
  keccak256,
  pad,
  parseAbiParameters,
  toBytes,
  zeroHash,
} from "viem";
import { genuineCode } from "#devchain/genuineCode.ts";
import { signedPayment, signPayment } from "../permit2Payment.ts";
import {
  ACCOUNT,
  byAccount,
  CHAIN_ID,
  call,
  enable,
  key,
  MODULE,
  OTHER_ACCOUNT,
  payee,
  session,
  setCode,
  stranger,
  T0,
  teach,
  useAccounts,
  YES,
} from "./erc7579Fixture.ts";

const NO = pad("0xffffffff", { dir: "right", size: 32 });
/** Nobody asks this token: the first slot of a budget with one size opens without a question. */
const TOKEN = OTHER_ACCOUNT;
const tokenDomain = { name: "USDC", version: "2", chainId: CHAIN_ID, verifyingContract: TOKEN };
const EIP712_DOMAIN = "0x84b0196e";

const paying = () => {
  const of = session();
  return { ...of, budgets: of.budgets.map((one) => ({ ...one, token: TOKEN, signatures: 1, sizes: 1 })) };
};

/** A payment of the session, and the payload for an account that asks about its digest or about what wraps it. */
async function paymentOf({ wrapsHash = false } = {}) {
  const slot = { lot: 0n, size: 0, index: 0n };
  const message = {
    from: ACCOUNT,
    to: payee,
    value: 1000n,
    validAfter: 0n,
    validBefore: BigInt(T0 + 300),
    nonce: slotNonce({ id: hashSession(paying()), budgetIndex: 0, period: 0n, ...slot }),
  };
  const types = transferWithAuthorizationTypes;
  const primaryType = "TransferWithAuthorization";
  const digest = hashTypedData({ domain: tokenDomain, types, primaryType, message });
  const { to, value, validAfter, validBefore } = message;
  const keySignature = await key.sign({ hash: digest });
  const common = { session: paying(), budgetIndex: 0, slot, to, value, validAfter, validBefore };
  return { digest, payload: encodePayload({ ...common, tokenDomain, keySignature, wrapsHash }) };
}

const asked = (hash: Hex, payload: Hex) =>
  call(byAccount("isValidSignatureWithSender", [stranger.address, hash, payload]));

/** As a Kernel wraps what it is asked about, in the domain with that separator. */
const wrapped = (digest: Hex, separator: Hex): Hex =>
  keccak256(
    concat([
      "0x1901",
      separator,
      hashStruct({
        data: { hash: digest },
        primaryType: "Kernel",
        types: { Kernel: [{ name: "hash", type: "bytes32" }] },
      }),
    ]),
  );
const separatorOf = (name: string): Hex =>
  hashDomain({
    domain: { name, version: "0.3.1", chainId: BigInt(CHAIN_ID), verifyingContract: ACCOUNT },
    types: {
      EIP712Domain: [
        { name: "name", type: "string" },
        { name: "version", type: "string" },
        { name: "chainId", type: "uint256" },
        { name: "verifyingContract", type: "address" },
      ],
    },
  });
const teachDomain = (name: string) =>
  teach(
    EIP712_DOMAIN,
    encodeAbiParameters(parseAbiParameters("bytes1, string, string, uint256, address, bytes32, uint256[]"), [
      "0x0f",
      name,
      "0.3.1",
      BigInt(CHAIN_ID),
      ACCOUNT,
      zeroHash,
      [],
    ]),
  );

/** A payment of the session by Permit2, with the digest of another chain's Permit2 if one is named. */
async function permit2PaymentOf(chainId = CHAIN_ID) {
  const of = paying();
  const permit2Paying = { ...of, budgets: of.budgets.map((one) => ({ ...one, signatures: 2 })) };
  return signPayment({
    of: permit2Paying,
    by: key,
    to: payee,
    value: 1000n,
    deadline: BigInt(T0 + 300),
    signed: { chainId },
    wrap: (digest) => signedPayment(ACCOUNT, digest, { module: MODULE, chainId: CHAIN_ID }),
  });
}

describe("ERC7579SessionModule.isValidSignatureWithSender", () => {
  useAccounts();
  beforeEach(() => enable(paying()));

  it("accepts a session's payment, and rejects any other hash", async () => {
    const { digest, payload } = await paymentOf();
    expect(await asked(digest, payload)).to.equal(YES);
    expect(await asked(keccak256(toBytes("another")), payload)).to.equal(NO);
  });
  it("accepts a payload for wrapping accounts if the account passes the digest itself", async () => {
    const { digest, payload } = await paymentOf({ wrapsHash: true });
    expect(await asked(digest, payload)).to.equal(YES);
  });
  it("accepts a hash that wraps the digest in the account's own domain, and in no other", async () => {
    const { digest, payload } = await paymentOf({ wrapsHash: true });
    await teachDomain("Kernel");
    expect(await asked(wrapped(digest, separatorOf("Kernel")), payload)).to.equal(YES);
    expect(await asked(wrapped(digest, separatorOf("Another")), payload)).to.equal(NO);
    expect(await asked(keccak256(toBytes("another")), payload)).to.equal(NO);
  });
  it("accepts a payment by the Permit2 of this chain, and of no other", async () => {
    await setCode(PERMIT2, genuineCode("Permit2").code);
    const budgets = paying().budgets.map((one) => ({ ...one, signatures: 2 }));
    await enable({ ...paying(), budgets });
    const { digest, payload } = await permit2PaymentOf();
    // Away from Ethereum the genuine Permit2 computes its domain separator again.
    const separator = hashDomain({
      domain: { name: "Permit2", chainId: BigInt(CHAIN_ID), verifyingContract: PERMIT2 },
      types: {
        EIP712Domain: [
          { name: "name", type: "string" },
          { name: "chainId", type: "uint256" },
          { name: "verifyingContract", type: "address" },
        ],
      },
    });
    expect(await call({ from: stranger.address, to: PERMIT2, data: "0x3644e515" })).to.equal(separator);
    expect(await asked(digest, payload)).to.equal(YES);
    const elsewhere = await permit2PaymentOf(1);
    expect(await asked(elsewhere.digest, elsewhere.payload)).to.equal(NO);
  });
  it("rejects a hash that wraps the digest in no domain if the account reports none", async () => {
    const { digest, payload } = await paymentOf({ wrapsHash: true });
    expect(await asked(wrapped(digest, zeroHash), payload)).to.equal(NO);
  });
});
