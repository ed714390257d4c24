import * as Base64 from "ox/Base64";

/** Writes text as UTF-8 in base64url (RFC 4648 §5), without padding. */
export const encodeBase64url = (text: string): string => Base64.fromString(text, { url: true, pad: false });

/**
 * Reads what {@link encodeBase64url} writes, and nothing else: no padding, no spaces, no bits beyond the last byte, no
 * bytes that are not UTF-8. One text has one encoding, so two links that differ say different things.
 *
 * @returns The text, or undefined if it is not valid.
 */
export function decodeBase64url(encoded: string): string | undefined {
  try {
    // ox also reads padding, base64's other alphabet and characters of neither: what is written back decides.
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Base64.toBytes(encoded));
    return text !== "" && encodeBase64url(text) === encoded ? text : undefined;
  } catch {
    return undefined;
  }
}
