import { bytesToBigInt } from "viem";
import { PageFailure } from "../wording/PageFailure.ts";
import type { PublicKey } from "./Passkey.ts";

/** The prefix before the two coordinates of a P-256 key in a SubjectPublicKeyInfo (RFC 5480), including the point's `04`: comparing is stricter than parsing. */
const SPKI_HEAD = "3059301306072a8648ce3d020106082a8648ce3d03010703420004";

/**
 * The coordinates of a passkey's key.
 *
 * @param spki From a new credential's `getPublicKey()`: a SubjectPublicKeyInfo in DER.
 * @throws {PageFailure} UNSUITABLE_PASSKEY: it is not a P-256 key, the only kind a Safe's signer verifies.
 */
export function publicKeyOf(spki: Uint8Array): PublicKey {
  const head = Array.from(spki.subarray(0, 27), (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (spki.length !== 91 || head !== SPKI_HEAD)
    throw new PageFailure("UNSUITABLE_PASSKEY", { reason: "its key is not a P-256 key" });
  return { x: bytesToBigInt(spki.subarray(27, 59)), y: bytesToBigInt(spki.subarray(59)) };
}
