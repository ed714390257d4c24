/** Writes text as UTF-8 in base64url (RFC 4648 §5), without padding. */
export function encodeBase64url(text: string): string {
  let binary = "";
  for (const byte of new TextEncoder().encode(text)) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/**
 * Reads what {@link encodeBase64url} writes, and nothing else: no padding, no spaces, no bits beyond the last byte, no
 * bytes that are not UTF-8. One text has one encoding, so two links that differ say different things.
 *
 * @returns The text, or undefined if it is not valid.
 */
export function decodeBase64url(encoded: string): string | undefined {
  if (!/^[A-Za-z0-9_-]+$/.test(encoded)) return undefined;
  try {
    const binary = atob(encoded.replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(binary, (sign) => sign.charCodeAt(0));
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    return encodeBase64url(text) === encoded ? text : undefined;
  } catch {
    return undefined;
  }
}
