/** The salt of a new session: 6 bytes, enough to avoid collisions, and cheap as calldata. */
export function randomSalt(): bigint {
  const bytes = crypto.getRandomValues(new Uint8Array(6));
  return bytes.reduce((number, byte) => (number << 8n) | BigInt(byte), 0n);
}
