import { createECDH, createPublicKey } from "node:crypto";
import { createPasskey } from "@latchkey/devchain";
import {
  type Proposal,
  parseGrant,
  type Session,
  safeAddresses,
  safeSessionModuleAddress,
  serializeGrant,
  signGrant,
} from "@latchkey/sdk";
import { encodeEnable, encodeReplaceSession, safeAbi, safeTransaction } from "@latchkey/sdk/encoding";
import { expect } from "chai";
import {
  concat,
  decodeFunctionData,
  getContractAddress,
  type Hex,
  hexToBytes,
  keccak256,
  pad,
  parseAbi,
  toHex,
  zeroAddress,
} from "viem";
import type { AccountState } from "#page/tap/AccountState.ts";
import type { Assertion } from "#page/tap/Passkey.ts";
import { newSafeContracts, predictSafe, proxyFactoryAbi } from "#page/tap/predictSafe.ts";
import { prepareTap } from "#page/tap/prepareTap.ts";
import { publicKeyOf } from "#page/tap/publicKeyOf.ts";
import { verifyAssertion } from "#page/tap/verifyAssertion.ts";
import { PageFailure } from "#page/wording/PageFailure.ts";
import { artifact } from "../../environment/artifact.ts";

const SITE = { rpId: "latchkey.example", origin: "https://latchkey.example" };
const challenge = keccak256("0x01");
const owner = createPasskey("the page's owner");

async function assertionBy(passkey: typeof owner, over: Hex): Promise<Assertion> {
  const { authenticatorData, clientDataJSON, signature } = await passkey.assert(over);
  const bytes = (source: ArrayBuffer | Uint8Array) => new Uint8Array(source) as Uint8Array<ArrayBuffer>;
  return {
    id: `0x${passkey.rawId}`,
    authenticatorData: bytes(authenticatorData),
    clientDataJSON: bytes(clientDataJSON),
    signature: bytes(signature),
  };
}

/** The failure's code, or undefined where nothing failed. */
const codeOf = async (work: Promise<unknown>): Promise<string | undefined> => {
  try {
    await work;
    return undefined;
  } catch (error) {
    return error instanceof PageFailure ? error.code : String(error);
  }
};

describe("An assertion is checked before it leaves the page", () => {
  const expected = { challenge, publicKey: owner.publicKey, ...SITE };

  it("and is accepted from the owner, over exactly these bytes, on this page", async () => {
    expect(await codeOf(verifyAssertion(await assertionBy(owner, challenge), expected))).to.equal(undefined);
  });

  it("and refused of another passkey", async () => {
    const thief = await assertionBy(createPasskey("a thief"), challenge);
    expect(await codeOf(verifyAssertion(thief, expected))).to.equal("WRONG_PASSKEY");
  });

  it("and rejected if the owner's key is not a point on the curve", async () => {
    const assertion = await assertionBy(owner, challenge);
    const publicKey = { x: 1n, y: 1n };
    expect(await codeOf(verifyAssertion(assertion, { ...expected, publicKey }))).to.equal("WRONG_PASSKEY");
  });

  it("and refused over another challenge, for another site, on another origin", async () => {
    const assertion = await assertionBy(owner, challenge);
    for (const change of [
      { challenge: keccak256("0x02") },
      { rpId: "evil.example" },
      { origin: "https://evil.example" },
    ])
      expect(await codeOf(verifyAssertion(assertion, { ...expected, ...change }))).to.equal("PASSKEY_FAILED");
  });

  it("and refused without its user verified", async () => {
    const assertion = await assertionBy(owner, challenge);
    const flags = assertion.authenticatorData[32] ?? 0;
    expect(flags & 0x04).to.equal(0x04);
    assertion.authenticatorData[32] = flags & ~0x04;
    expect(await codeOf(verifyAssertion(assertion, expected))).to.equal("PASSKEY_FAILED");
  });

  it("and rejected if one bit of the signed data has changed", async () => {
    const assertion = await assertionBy(owner, challenge);
    assertion.authenticatorData[36] = (assertion.authenticatorData[36] ?? 0) ^ 1;
    expect(await codeOf(verifyAssertion(assertion, expected))).to.equal("WRONG_PASSKEY");
  });
});

describe("The key of a new passkey", () => {
  const ecdh = createECDH("prime256v1");
  const point = ecdh.generateKeys();
  const jwk = {
    kty: "EC",
    crv: "P-256",
    x: point.subarray(1, 33).toString("base64url"),
    y: point.subarray(33).toString("base64url"),
  };
  const spki = createPublicKey({ key: jwk, format: "jwk" }).export({ format: "der", type: "spki" });

  it("is read from the browser's output", () => {
    const { x, y } = publicKeyOf(new Uint8Array(spki));
    expect(toHex(x, { size: 32 }).slice(2)).to.equal(point.subarray(1, 33).toString("hex"));
    expect(toHex(y, { size: 32 }).slice(2)).to.equal(point.subarray(33).toString("hex"));
  });

  it("is rejected if it is of another kind, or truncated", () => {
    const other = new Uint8Array(spki);
    other[22] = (other[22] ?? 0) ^ 1;
    expect(() => publicKeyOf(other)).to.throw(PageFailure, "UNSUITABLE_PASSKEY");
    expect(() => publicKeyOf(new Uint8Array(spki).subarray(0, 90))).to.throw(
      PageFailure,
      "UNSUITABLE_PASSKEY",
    );
  });
});

describe("The account of a new passkey", () => {
  const predicted = predictSafe(owner.publicKey, safeAddresses.sharedSigner);
  const { args } = decodeFunctionData({ abi: proxyFactoryAbi, data: predicted.creation.data });
  const [singleton, initializer, saltNonce] = args;

  it("has the address from Safe's own factory code", () => {
    const { bytecode } = artifact(
      "@safe-global/safe-contracts/build/artifacts/contracts/proxies/SafeProxy.sol/SafeProxy.json",
    );
    expect(singleton).to.equal(newSafeContracts.singleton);
    const address = getContractAddress({
      opcode: "CREATE2",
      from: newSafeContracts.proxyFactory,
      salt: keccak256(concat([keccak256(initializer), pad(toHex(saltNonce), { size: 32 })])),
      bytecode: concat([bytecode, pad(singleton, { size: 32 })]),
    });
    expect(predicted.address).to.equal(address);
  });

  it("differs for another passkey or another signer", () => {
    expect(predictSafe(createPasskey("another").publicKey, safeAddresses.sharedSigner).address).not.to.equal(
      predicted.address,
    );
    expect(predictSafe(owner.publicKey, safeAddresses.p256Verifier).address).not.to.equal(predicted.address);
  });

  it("belongs only to the passkey", () => {
    const setup = decodeFunctionData({ abi: safeAbi, data: initializer });
    expect(setup.functionName).to.equal("setup");
    expect(setup.args?.[0]).to.deep.equal([safeAddresses.sharedSigner]);
    expect(setup.args?.[1]).to.equal(1n);
    expect(initializer).to.include(toHex(owner.publicKey.x, { size: 32 }).slice(2));
    expect(initializer).to.include(toHex(owner.publicKey.y, { size: 32 }).slice(2));
  });
});

describe("A tap", () => {
  const { address, creation } = predictSafe(owner.publicKey, safeAddresses.sharedSigner);
  const account: AccountState = {
    chainId: 31337,
    address,
    version: "1.4.1",
    signer: safeAddresses.sharedSigner,
    passkey: { id: `0x${owner.rawId}`, publicKey: owner.publicKey },
    creation: undefined,
    epoch: 0n,
    nonce: 3n,
    installation: [],
    paysBySignature: true,
    replacesVerifier: false,
  };
  const session: Session = {
    account: address,
    key: "0x0000000000000000000000000000000000000002",
    validAfter: 1_800_000_000,
    validUntil: 1_800_086_400,
    epoch: 0n,
    salt: 1n,
    gasAllowance: 0n,
    paymaster: "0x0000000000000000000000000000000000000000",
    budgets: [
      {
        token: "0x0000000000000000000000000000000000000070",
        perTransaction: 1n,
        perPeriod: 1n,
        period: 1,
        initial: 0n,
        perSecond: 0n,
        signatures: 0,
        sizes: 0,
        recipients: ["0x0000000000000000000000000000000000000071"],
      },
    ],
    actions: [],
  };
  const proposal: Proposal = {
    version: 1,
    chainId: 31337,
    module: safeSessionModuleAddress(),
    accountKind: "safe",
    session,
  };

  it("signs the same as the SDK, and returns the same grant", async () => {
    const tap = prepareTap(account, proposal);
    let asked: Hex | undefined;
    let answer: Assertion | undefined;
    const bySdk = await signGrant(
      {
        rawId: owner.rawId,
        getFn: async ({ publicKey }) => {
          asked = toHex(new Uint8Array(publicKey.challenge.buffer));
          answer = await assertionBy(owner, asked);
          return { response: answer };
        },
      },
      proposal,
    );
    expect(tap.challenge).to.equal(asked);
    if (!answer) throw new Error("the passkey was not asked");
    const { grant, transactions } = tap.finish(answer);
    expect(grant).to.deep.equal(bySdk);
    expect(transactions).to.deep.equal([]);
    expect(parseGrant(serializeGrant(grant))).to.deep.equal(bySdk);
  });

  it("signs another digest if any value of the session differs", () => {
    const lowered = { ...proposal, session: { ...session, validUntil: session.validUntil - 1 } };
    expect(prepareTap(account, lowered).challenge).not.to.equal(prepareTap(account, proposal).challenge);
  });

  it("includes the creation of an account that does not exist yet", async () => {
    const tap = prepareTap({ ...account, creation: { ...creation, value: 0n } }, proposal);
    const { transactions } = tap.finish(await assertionBy(owner, tap.challenge));
    expect(transactions).to.deep.equal([{ to: creation.to, data: creation.data, value: "0x0" }]);
  });

  it("creates one batch with what is missing and the session, and a grant without a signature", async () => {
    const missing = { to: address, value: 0n, data: "0x610b5925" as Hex };
    const tap = prepareTap({ ...account, installation: [missing] }, proposal);
    const { grant, transactions } = tap.finish(await assertionBy(owner, tap.challenge));
    expect(grant.signature).to.equal("0x");
    expect(transactions).to.have.length(1);
    const [only] = transactions;
    expect(only?.to).to.equal(address);
    const executionAbi = parseAbi([
      "function execTransaction(address to, uint256 value, bytes data, uint8 operation, uint256 safeTxGas, uint256 baseGas, uint256 gasPrice, address gasToken, address refundReceiver, bytes signatures)",
    ]);
    const { args } = decodeFunctionData({ abi: executionAbi, data: only?.data ?? "0x" });
    expect(args[0]).to.equal(safeAddresses.multiSendCallOnly);
    expect(args[3]).to.equal(1);
    const batch = args[2];
    const installs = batch.indexOf(missing.data.slice(2));
    const enables = batch.indexOf(encodeEnable(proposal).data.slice(2));
    expect(installs).to.be.greaterThan(0);
    expect(enables).to.be.greaterThan(installs);
    expect(hexToBytes(args[9]).length).to.be.greaterThan(65);
  });

  it("adds what Permit2 needs to the batch, once, after the creation of an account that does not exist yet", async () => {
    const approval = { to: session.budgets[0]?.token ?? address, value: 0n, data: "0x095ea7b3aa" as Hex };
    const verifier = { to: address, value: 0n, data: "0x3365582c" as Hex };
    const fresh = { ...account, creation: { ...creation, value: 0n }, nonce: 0n };
    const tap = prepareTap(fresh, proposal, [approval]);
    const { grant, transactions } = tap.finish(await assertionBy(owner, tap.challenge));
    expect(grant.signature).to.equal("0x");
    expect(transactions.map(({ to }) => to)).to.deep.equal([creation.to, address]);
    const [, batch] = transactions;
    const at = (data: Hex) => batch?.data.indexOf(data.slice(2)) ?? -1;
    expect(at(encodeEnable(proposal).data)).to.be.greaterThan(0);
    expect(at(approval.data)).to.be.greaterThan(at(encodeEnable(proposal).data));
    const twice = prepareTap({ ...account, installation: [verifier] }, proposal, [verifier, approval]);
    const once = prepareTap({ ...account, installation: [verifier] }, proposal, [approval]);
    expect(twice.challenge).to.equal(once.challenge);
  });

  it("ends the permission that it replaces in the same batch, guarded by what the account held", async () => {
    const old = { ...proposal, session: { ...session, salt: session.salt + 1n } };
    const token = session.budgets[0]?.token ?? address;
    const floors = [
      { token, amount: 100n },
      { token: zeroAddress, amount: 7n },
      { token, amount: 0n },
    ];
    const tap = prepareTap(account, proposal, [], { old: { ...old, signature: "0x" }, floors });
    const calls = encodeReplaceSession({ old, replacement: proposal, floors });
    expect(calls).to.have.length(4);
    const { chainId, nonce } = account;
    expect(tap.challenge).to.equal(safeTransaction({ safe: address, chainId, nonce, calls }).hash);
    const { grant, transactions } = tap.finish(await assertionBy(owner, tap.challenge));
    expect(grant.signature).to.equal("0x");
    expect(transactions.map(({ to }) => to)).to.deep.equal([address]);
  });

  it("signs another batch once the Safe's nonce has changed", () => {
    const missing = [{ to: address, value: 0n, data: "0x610b5925" as Hex }];
    const at = (nonce: bigint) =>
      prepareTap({ ...account, installation: missing, nonce }, proposal).challenge;
    expect(at(3n)).not.to.equal(at(4n));
  });
});
