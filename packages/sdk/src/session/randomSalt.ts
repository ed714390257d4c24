/** A session's salt. 6 bytes: enough to avoid collisions, and cheap as calldata. */
export function randomSalt(): bigint {
  const bytes = crypto.getRandomValues(new Uint8Array(6));
  return bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}
