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
 * An authenticator's response: the `response` of the credential that `navigator.credentials.get` returns for a
 * challenge. The challenge is the 32-byte hash for the Safe to approve.
 */
export type PasskeyAssertion = {
  authenticatorData: Bytes;
  /** UTF-8 of a JSON object. */
  clientDataJSON: Bytes;
  /** ASN.1 DER, as browsers return it. */
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
    // 33 bytes: a leading zero keeps the number positive.
    if (der[at] !== 0x02 || length === 0 || bytes.length !== length || length > 33) throw malformed();
    at += 2 + length;
    return bytesToBigInt(bytes);
  };
  const malformed = () =>
    unusable(
      "The passkey's signature is not a DER-encoded ECDSA signature.",
      "Pass the authenticator's response as navigator.credentials.get returned it.",
    );
  if (der[0] !== 0x30 || der[1] !== der.length - 2) throw malformed();
  const r = integer();
  const s = integer();
  if (at !== der.length || r >> 256n || s >> 256n) throw malformed();
  return [r, s];
}

/**
 * A passkey's assertion in the encoding of Safe's signer contracts:
 * `abi.encode(bytes authenticatorData, string clientDataFields, uint256 r, uint256 s)`. The fields are what follows
 * the challenge in the client data; the contract adds the challenge itself.
 * @throws {InvalidInput} INVALID_SIGNER: the authenticator did not verify the user (a Safe would reject it), or its response has
 * another format.
 */
export function encodePasskeyAssertion(assertion: PasskeyAssertion): Hex {
  const authenticatorData = bytesOf(assertion.authenticatorData);
  if (!((authenticatorData[32] ?? 0) & 0x04)) {
    throw unusable("The passkey did not verify the user.", "Request it with userVerification: 'required'.");
  }
  const clientData = bytesToString(bytesOf(assertion.clientDataJSON));
  const fields = /^\{"type":"webauthn.get","challenge":"[A-Za-z0-9_-]{43}",(.*)\}$/s.exec(clientData)?.[1];
  if (fields === undefined) {
    throw unusable(
      "The passkey's client data does not start with the type and a challenge of 32 bytes.",
      "Pass the 32-byte hash as the challenge of navigator.credentials.get.",
    );
  }
  return encodeAbiParameters(
    [{ type: "bytes" }, { type: "bytes" }, { type: "uint256" }, { type: "uint256" }],
    [bytesToHex(authenticatorData), stringToHex(fields), ...fromDer(bytesOf(assertion.signature))],
  );
}

/**
 * The signature for a Safe whose threshold a single passkey meets.
 * @param signer The owner that represents the passkey: Safe's shared signer, or the passkey's own signer contract.
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
