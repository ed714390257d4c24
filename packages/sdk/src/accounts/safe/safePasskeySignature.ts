import {
  type Address,
  bytesToBigInt,
  bytesToHex,
  bytesToString,
  encodeAbiParameters,
  type Hex,
  stringToHex,
} from "viem";
import { InvalidInput } from "../../errors/InvalidInput.ts";
import { safeSignatures } from "./safeSignatures.ts";

type Bytes = ArrayBuffer | Uint8Array;

/**
 * What an authenticator answered: the `response` of the credential that `navigator.credentials.get` gives for a
 * challenge. The challenge is the 32-byte hash that the Safe is to approve.
 */
export type PasskeyAssertion = {
  authenticatorData: Bytes;
  /** UTF-8 of a JSON object. */
  clientDataJSON: Bytes;
  /** ASN.1 DER, as browsers hand it out. */
  signature: Bytes;
};

const bytesOf = (bytes: Bytes): Uint8Array => (bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes));

/**
 * r and s of an ECDSA signature in DER: SEQUENCE { INTEGER r, INTEGER s }. By hand, as `ox/Signature` brings a whole curve
 * along: 12.5 kB of the page's script (gzip, measured).
 */
function fromDer(der: Uint8Array): [r: bigint, s: bigint] {
  let at = 2;
  const integer = (): bigint => {
    const length = der[at + 1] ?? 0;
    const bytes = der.subarray(at + 2, at + 2 + length);
    // 33 bytes: a leading zero, so that a high first bit is no sign.
    if (der[at] !== 0x02 || length === 0 || bytes.length !== length || length > 33) throw malformed();
    at += 2 + length;
    return bytesToBigInt(bytes);
  };
  const malformed = () =>
    unusable(
      "The passkey's signature is not a DER-encoded ECDSA signature.",
      "Pass the authenticator's answer as navigator.credentials.get gave it.",
    );
  if (der[0] !== 0x30 || der[1] !== der.length - 2) throw malformed();
  const r = integer();
  const s = integer();
  if (at !== der.length || r >> 256n || s >> 256n) throw malformed();
  return [r, s];
}

/**
 * A passkey's assertion as Safe's signer contracts take it:
 * `abi.encode(bytes authenticatorData, string clientDataFields, uint256 r, uint256 s)`. The fields are what
 * stands in the client data after the challenge, which the contract writes itself.
 * @throws {InvalidInput} INVALID_SIGNER: the authenticator did not verify its user (a Safe would refuse), or answered in
 * another form.
 */
export function encodePasskeyAssertion(assertion: PasskeyAssertion): Hex {
  const authenticatorData = bytesOf(assertion.authenticatorData);
  if (!((authenticatorData[32] ?? 0) & 0x04)) {
    throw unusable("The passkey did not verify its user.", "Ask it with userVerification: 'required'.");
  }
  const clientData = bytesToString(bytesOf(assertion.clientDataJSON));
  const fields = /^\{"type":"webauthn.get","challenge":"[A-Za-z0-9_-]{43}",(.*)\}$/s.exec(clientData)?.[1];
  if (fields === undefined) {
    throw unusable(
      "The passkey's client data does not begin with the type and a challenge of 32 bytes.",
      "Ask it for the 32-byte hash as its challenge, by navigator.credentials.get.",
    );
  }
  return encodeAbiParameters(
    [{ type: "bytes" }, { type: "bytes" }, { type: "uint256" }, { type: "uint256" }],
    [bytesToHex(authenticatorData), stringToHex(fields), ...fromDer(bytesOf(assertion.signature))],
  );
}

/**
 * The signature of a Safe that a passkey alone may speak for.
 * @param signer The owner that stands for the passkey: Safe's shared signer, or the passkey's own signer contract.
 * @throws As {@link encodePasskeyAssertion}.
 */
export function safePasskeySignature({
  signer,
  assertion,
}: {
  signer: Address;
  assertion: PasskeyAssertion;
}): Hex {
  return safeSignatures([{ signer, signature: encodePasskeyAssertion(assertion), isContract: true }]);
}

const unusable = (shortMessage: string, metaMessage: string) =>
  new InvalidInput({ code: "INVALID_SIGNER", shortMessage, metaMessages: [metaMessage] });
