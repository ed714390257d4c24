import { createHash, createPublicKey, verify } from "node:crypto";
import { createPasskey, type Passkey } from "@latchkey/devchain";
import type { PasskeyAssertion } from "@latchkey/sdk";
import { encodePasskeyAssertion, safePasskeySignature, safeSignatures } from "@latchkey/sdk/encoding";
import protocolKit from "@safe-global/protocol-kit";
import { expect } from "chai";
import { bytesToHex, decodeAbiParameters, type Hex, hexToBytes, keccak256, size, slice, toBytes } from "viem";
import { refusal } from "./refusal.ts";

// See safeKit.ts: the types of the package are not those of the module that runs.
const Safe = protocolKit as unknown as typeof protocolKit.default;

const CHALLENGE = keccak256(toBytes("a challenge"));
const SIGNER = "0x00000000000000000000000000000000000051a9";

const challengeBytes = () => hexToBytes(CHALLENGE) as Uint8Array<ArrayBuffer>;

/** Verifies an assertion with Node alone, as a site would. */
function isGenuine(passkey: Passkey, { authenticatorData, clientDataJSON, signature }: PasskeyAssertion) {
  const base64url = (hex: Hex) => Buffer.from(hexToBytes(hex)).toString("base64url");
  const key = createPublicKey({
    key: {
      kty: "EC",
      crv: "P-256",
      x: base64url(passkey.coordinates.x),
      y: base64url(passkey.coordinates.y),
    },
    format: "jwk",
  });
  const client = createHash("sha256").update(new Uint8Array(clientDataJSON)).digest();
  const message = Buffer.concat([new Uint8Array(authenticatorData), client]);
  return verify("sha256", message, key, new Uint8Array(signature));
}

describe("the passkey of the tests", () => {
  it("is the same for the same seed, and different for another seed or none", () => {
    expect(createPasskey("a").publicKey).to.deep.equal(createPasskey("a").publicKey);
    const keys = ["a", "b", undefined, undefined].map((seed) => createPasskey(seed).coordinates.x);
    expect(new Set(keys).size).to.equal(4);
  });

  it("signs a verifiable challenge, with user verification", async () => {
    const passkey = createPasskey("site");
    const assertion = await passkey.assert(CHALLENGE);
    expect(isGenuine(passkey, assertion)).to.equal(true);
    expect(isGenuine(createPasskey("another"), assertion)).to.equal(false);
    const client = JSON.parse(Buffer.from(new Uint8Array(assertion.clientDataJSON)).toString());
    expect(client.challenge).to.equal(Buffer.from(challengeBytes()).toString("base64url"));
    expect(new Uint8Array(assertion.authenticatorData)[32]).to.equal(0x05);
  });

  it("counts prompts, but not rejected ones", async () => {
    const passkey = createPasskey("count");
    await passkey.assert(CHALLENGE);
    await passkey.sign(CHALLENGE);
    expect(passkey.assertions).to.equal(2);
    const other = { type: "public-key", id: new Uint8Array(32) } as const;
    const ask = () =>
      passkey.getFn({ publicKey: { challenge: challengeBytes(), allowCredentials: [other] } });
    expect(await refusal(ask())).to.include("NotAllowedError");
    expect(passkey.assertions).to.equal(2);
  });

  it("is read by protocol-kit like a browser's", async () => {
    const passkey = createPasskey("kit");
    const credential = await passkey.createFn({
      publicKey: {
        challenge: challengeBytes(),
        rp: { name: "Latchkey" },
        user: { id: new Uint8Array(1), name: "u", displayName: "u" },
        pubKeyCredParams: [{ type: "public-key", alg: -7 }],
      },
    });
    expect(await Safe.createPasskeySigner(credential)).to.deep.equal({
      rawId: passkey.rawId,
      coordinates: passkey.coordinates,
    });
  });
});

describe("a passkey's signature for a Safe", () => {
  it("carries authenticator data, the client data after the challenge, r and s", async () => {
    const assertion = await createPasskey("encoding").assert(CHALLENGE);
    const [authenticatorData, fields, r, s] = decodeAbiParameters(
      [{ type: "bytes" }, { type: "string" }, { type: "uint256" }, { type: "uint256" }],
      encodePasskeyAssertion(assertion),
    );
    expect(authenticatorData).to.equal(bytesToHex(new Uint8Array(assertion.authenticatorData)));
    const client = Buffer.from(new Uint8Array(assertion.clientDataJSON)).toString();
    expect(client.endsWith(`",${fields}}`)).to.equal(true);
    const der = bytesToHex(new Uint8Array(assertion.signature)).slice(2);
    for (const part of [r, s]) expect(der).to.include(part.toString(16));
  });

  it("follows a head of 65 bytes: the signer, the offset, and 0", async () => {
    const assertion = await createPasskey("head").assert(CHALLENGE);
    const signature = safePasskeySignature({ signer: SIGNER, assertion });
    const inner = encodePasskeyAssertion(assertion);
    expect(slice(signature, 0, 32)).to.equal(`0x${"0".repeat(24)}${SIGNER.slice(2)}`);
    expect(BigInt(slice(signature, 32, 64))).to.equal(65n);
    expect(slice(signature, 64, 65)).to.equal("0x00");
    expect(BigInt(slice(signature, 65, 97))).to.equal(BigInt(size(inner)));
    expect(slice(signature, 97)).to.equal(inner);
  });

  it("is rejected without user verification: no Safe would accept it", async () => {
    const passkey = createPasskey("discouraged");
    const credential = await passkey.getFn({
      publicKey: { challenge: challengeBytes(), userVerification: "discouraged" },
    });
    const { response } = credential as unknown as { response: PasskeyAssertion };
    expect(() => encodePasskeyAssertion(response)).to.throw(/did not verify the user/);
  });

  it("is rejected if the client data or the signature is malformed", async () => {
    const assertion = await createPasskey("forms").assert(CHALLENGE);
    const client = Buffer.from(new Uint8Array(assertion.clientDataJSON)).toString();
    for (const changed of [client.replace("webauthn.get", "webauthn.create"), client.slice(0, -1), "{}"]) {
      expect(() => encodePasskeyAssertion({ ...assertion, clientDataJSON: toBytes(changed) })).to.throw(
        /client data/,
      );
    }
    const der = new Uint8Array(assertion.signature);
    const mutilated = [
      der.subarray(0, -1),
      Uint8Array.from([...der, 0]),
      Uint8Array.from([0x30, (der[1] ?? 0) + 1, ...der.subarray(2)]),
      Uint8Array.from([0x30, (der[1] ?? 0) + 1, ...der.subarray(2), 0]),
      Uint8Array.from([0x31, ...der.subarray(1)]),
      Uint8Array.from([0x30, der[1] ?? 0, 0x03, ...der.subarray(3)]),
      new Uint8Array(),
    ];
    for (const signature of mutilated) {
      expect(() => encodePasskeyAssertion({ ...assertion, signature })).to.throw(/DER/);
    }
  });

  it("is sorted among other owners' signatures by ascending address", () => {
    const key = { signer: `0x${"22".repeat(20)}`, signature: `0x${"ab".repeat(65)}` } as const;
    const first = { signer: `0x${"11".repeat(20)}`, signature: "0x0102", isContract: true } as const;
    const last = { signer: `0x${"33".repeat(20)}`, signature: "0x030405", isContract: true } as const;
    const word = (n: number) => n.toString(16).padStart(64, "0");
    expect(safeSignatures([last, key, first])).to.equal(
      `0x${"0".repeat(24)}${"11".repeat(20)}${word(195)}00${"ab".repeat(65)}` +
        `${"0".repeat(24)}${"33".repeat(20)}${word(229)}00${word(2)}0102${word(3)}030405`,
    );
    expect(() => safeSignatures([key, key])).to.throw(/signed twice/);
    expect(() => safeSignatures([{ ...key, signature: "0x00" }])).to.throw(/not 65 bytes/);
  });
});
