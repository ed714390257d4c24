import type { Hex } from "viem";

/** The coordinates of a P-256 key. */
export type PublicKey = { x: bigint; y: bigint };

/** A passkey known to the page. */
export type Passkey = {
  /** The credential's id; unknown if the key was read from a chain: the browser then lists the available passkeys. */
  id: Hex | undefined;
  publicKey: PublicKey;
};

/** A passkey's assertion, with the id reported by the browser. */
export type Assertion = {
  id: Hex;
  authenticatorData: Uint8Array<ArrayBuffer>;
  clientDataJSON: Uint8Array<ArrayBuffer>;
  signature: Uint8Array<ArrayBuffer>;
};
