import type { Hex } from "viem";

/** A P-256 key by its coordinates. */
export type PublicKey = { x: bigint; y: bigint };

/** A passkey as the page knows it. */
export type Passkey = {
  /** The credential's id; unknown where the key was read from a chain: then the browser shows what passkeys there are. */
  id: Hex | undefined;
  publicKey: PublicKey;
};

/** What a passkey answered, with the id that the browser tells. */
export type Assertion = {
  id: Hex;
  authenticatorData: Uint8Array<ArrayBuffer>;
  clientDataJSON: Uint8Array<ArrayBuffer>;
  signature: Uint8Array<ArrayBuffer>;
};
