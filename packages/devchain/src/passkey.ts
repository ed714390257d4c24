import {
  createECDH,
  createHash,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign as signWith,
} from "node:crypto";
import type { PasskeyAssertion } from "@latchkey/sdk";
import { encodePasskeyAssertion } from "@latchkey/sdk/encoding";
import { bytesToBigInt, bytesToHex, type Hex, hexToBytes, keccak256, numberToHex, toBytes } from "viem";
import { generatePrivateKey } from "viem/accounts";

/** The order of P-256. */
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
/** What stands in for the site: its id in the authenticator's answers, its origin in the browser's. */
const RELYING_PARTY = "latchkey.example";
const ORIGIN = `https://${RELYING_PARTY}`;
/** The authenticator's flags: its user was there; it made sure who that was. */
const PRESENT = 0x01;
const VERIFIED = 0x04;

/** An authenticator in software, with one passkey. What it answers is real WebAuthn, its user approves everything. */
export type Passkey = {
  /** The credential's id, hex without 0x, as protocol-kit stores it. */
  rawId: string;
  publicKey: { x: bigint; y: bigint };
  /** protocol-kit's form of the public key. */
  coordinates: { x: Hex; y: Hex };
  /** How often the user was asked to sign, since it was made. */
  readonly assertions: number;
  /** `navigator.credentials.get`. @throws If another credential is asked for, or the challenge is missing. */
  getFn(options?: CredentialRequestOptions): Promise<Credential>;
  /** `navigator.credentials.create`: answers with this passkey. */
  createFn(options?: CredentialCreationOptions): Promise<Credential>;
  /** Signs a 32-byte hash as its challenge: one assertion. */
  assert(challenge: Hex): Promise<PasskeyAssertion>;
  /** As `assert`, in the form that Safe's signer contracts take (without the owner's address). */
  sign(challenge: Hex): Promise<Hex>;
};

const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64url");
const sha256 = (bytes: Uint8Array | string): Uint8Array => createHash("sha256").update(bytes).digest();

/** A buffer of its own: what Node hands out may be a window into a larger one, which a browser's never is. */
const owned = (bytes: Uint8Array): ArrayBuffer => Uint8Array.from(bytes).buffer as ArrayBuffer;

const bytesOf = (source: BufferSource): Uint8Array =>
  source instanceof ArrayBuffer
    ? new Uint8Array(source)
    : new Uint8Array(source.buffer, source.byteOffset, source.byteLength);

/** A P-256 key from 32 bytes that decide it. */
function keyFrom(seed: Hex): { key: KeyObject; x: bigint; y: bigint } {
  const d = hexToBytes(numberToHex((BigInt(seed) % (ORDER - 1n)) + 1n, { size: 32 }));
  const curve = createECDH("prime256v1");
  curve.setPrivateKey(d);
  const point = curve.getPublicKey();
  const [x, y] = [point.subarray(1, 33), point.subarray(33, 65)];
  const jwk = { kty: "EC", crv: "P-256", d: base64url(d), x: base64url(x), y: base64url(y) };
  return {
    key: createPrivateKey({ key: jwk, format: "jwk" }),
    x: bytesToBigInt(x),
    y: bytesToBigInt(y),
  };
}

/**
 * Makes a passkey.
 * @param seed Any text: the same text is the same passkey. Without it the passkey is a new one.
 */
export function createPasskey(seed?: string): Passkey {
  const secret = seed === undefined ? generatePrivateKey() : keccak256(toBytes(`passkey ${seed}`));
  const { key, x, y } = keyFrom(secret);
  const id = sha256(`credential ${secret}`);
  let assertions = 0;

  const authenticatorData = (flags: number, count: number) =>
    new Uint8Array([...sha256(RELYING_PARTY), flags, ...hexToBytes(numberToHex(count, { size: 4 }))]);

  /** The browser's part, in the order that WebAuthn fixes. */
  const clientData = (type: "webauthn.get" | "webauthn.create", challenge: Uint8Array) =>
    toBytes(JSON.stringify({ type, challenge: base64url(challenge), origin: ORIGIN, crossOrigin: false }));

  const passkey: Passkey = {
    rawId: bytesToHex(id).slice(2),
    publicKey: { x, y },
    coordinates: { x: numberToHex(x, { size: 32 }), y: numberToHex(y, { size: 32 }) },
    get assertions() {
      return assertions;
    },
    async getFn(options) {
      const request = options?.publicKey;
      if (!request?.challenge) throw new Error("no challenge to sign");
      const { allowCredentials: allowed = [], userVerification } = request;
      if (allowed.length > 0 && !allowed.some((one) => base64url(bytesOf(one.id)) === base64url(id))) {
        throw new DOMException("none of the credentials is here", "NotAllowedError");
      }
      assertions += 1;
      const flags = userVerification === "discouraged" ? PRESENT : PRESENT | VERIFIED;
      const answer = authenticatorData(flags, assertions);
      const client = clientData("webauthn.get", bytesOf(request.challenge));
      const signature = signWith("sha256", new Uint8Array([...answer, ...sha256(client)]), {
        key,
        dsaEncoding: "der",
      });
      const response = {
        authenticatorData: owned(answer),
        clientDataJSON: owned(client),
        signature: owned(signature),
        userHandle: null,
      };
      return { id: base64url(id), rawId: owned(id), type: "public-key", response } as Credential;
    },
    async createFn(options) {
      const request = options?.publicKey;
      if (!request?.challenge) throw new Error("no challenge to answer");
      if (!request.pubKeyCredParams.some(({ alg }) => alg === -7)) {
        throw new DOMException("only ES256 is known here", "NotSupportedError");
      }
      const response = {
        clientDataJSON: owned(clientData("webauthn.create", bytesOf(request.challenge))),
        getPublicKey: () => owned(createPublicKey(key).export({ type: "spki", format: "der" })),
        getPublicKeyAlgorithm: () => -7,
        getTransports: () => ["internal"],
      };
      return { id: base64url(id), rawId: owned(id), type: "public-key", response } as unknown as Credential;
    },
    async assert(challenge) {
      const credential = await passkey.getFn({
        publicKey: {
          challenge: hexToBytes(challenge) as Uint8Array<ArrayBuffer>,
          userVerification: "required",
        },
      });
      return (credential as unknown as { response: PasskeyAssertion }).response;
    },
    async sign(challenge) {
      return encodePasskeyAssertion(await passkey.assert(challenge));
    },
  };
  return passkey;
}
