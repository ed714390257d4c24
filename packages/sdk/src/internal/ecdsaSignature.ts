import {
  type Address,
  concat,
  type Hex,
  isAddressEqual,
  numberToHex,
  recoverAddress,
  size,
  slice,
} from "viem";
import { InvalidInput } from "../errors/InvalidInput.ts";

/** The order of secp256k1. */
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const TOP_BIT = 1n << 255n;

/**
 * A secp256k1 signature in the only form that the contracts accept: r ‖ s ‖ v, 65 bytes, low s, v 27 or 28.
 *
 * @param signature 65 bytes, v 0, 1, 27 or 28; or 64 bytes (EIP-2098).
 * @returns undefined if it is not such a signature.
 */
export function normalSignature(signature: Hex): Hex | undefined {
  if (size(signature) !== 64 && size(signature) !== 65) return undefined;
  const { r, s } = numbersIn(signature);
  if (size(signature) === 64) {
    // EIP-2098 has the parity in the top bit, which a low s leaves free.
    const low = s % TOP_BIT;
    return low > ORDER / 2n ? undefined : normalForm(r, low, s < TOP_BIT ? 0 : 1);
  }
  const v = Number(slice(signature, 64));
  return [0, 1, 27, 28].includes(v) ? normalForm(r, s, v % 27) : undefined;
}

/**
 * As {@link normalSignature}, of a known signer. 64 bytes may also be r ‖ s, as vaults and hardware modules return them:
 * who signed shows the parity.
 *
 * @param signer Whose signature it must be.
 * @throws {InvalidInput} INVALID_SIGNER: another signer's signature, or not a signature.
 */
export async function signatureBy(
  signer: Address,
  { hash, signature }: { hash: Hex; signature: Hex },
): Promise<Hex> {
  const readings = [normalSignature(signature)];
  if (size(signature) === 64) {
    const { r, s } = numbersIn(signature);
    readings.push(normalForm(r, s, 0), normalForm(r, s, 1));
  }
  let other: Address | undefined;
  for (const reading of readings) {
    const recovered = reading && (await recoverAddress({ hash, signature: reading }).catch(() => undefined));
    if (recovered && isAddressEqual(recovered, signer)) return reading;
    other ??= recovered;
  }
  throw new InvalidInput({
    code: "INVALID_SIGNER",
    shortMessage: other
      ? `The signature is by ${other}; expected ${signer}.`
      : `The signer returned ${size(signature)} bytes that are not a secp256k1 signature.`,
    metaMessages: [
      `Sign with the secp256k1 key of ${signer}, not with a contract or another key.`,
      "Accepted are 65 bytes (r, s, v) and 64 bytes (r, s), with any s; DER must be converted first.",
    ],
    details: { expected: signer },
  });
}

const numbersIn = (signature: Hex) => ({
  r: slice(signature, 0, 32),
  s: BigInt(slice(signature, 32, 64)),
});

/** A high s and its complement sign the same hash, with the other parity. undefined: r or s is not a signature's. */
function normalForm(r: Hex, s: bigint, yParity: number): Hex | undefined {
  if (s === 0n || s >= ORDER || BigInt(r) === 0n || BigInt(r) >= ORDER) return undefined;
  const isHigh = s > ORDER / 2n;
  // By hand, as viem's serializeSignature brings its whole curve into the page's script: 12 kB.
  return concat([
    r,
    numberToHex(isHigh ? ORDER - s : s, { size: 32 }),
    numberToHex(27 + (isHigh ? 1 - yParity : yParity)),
  ]);
}
