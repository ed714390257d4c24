import type { Address } from "viem";
import type { EcdsaSigner } from "../internal/signTypedDataBy.ts";

/** Bytes as browsers accept them, for every version of TypeScript: a `Uint8Array` over memory that is not shared. */
export type PasskeyBytes = {
  readonly buffer: ArrayBuffer;
  readonly byteLength: number;
  readonly byteOffset: number;
};

/**
 * The request to a passkey: the used part of a browser's `CredentialRequestOptions`, without its name, which
 * programs on Node do not have.
 */
export type PasskeyRequest = {
  publicKey: {
    challenge: PasskeyBytes;
    allowCredentials: { type: "public-key"; id: PasskeyBytes }[];
    userVerification: "required";
    rpId?: string;
  };
};

/** A passkey that owns a Safe, with Rhinestone's adapter or without; the passkey objects of `@safe-global/protocol-kit` fit. */
export type PasskeyOwner = {
  /** The credential's id, in hex. */
  rawId: string;
  /** The owner that represents the passkey. Default: Safe's shared signer. */
  signer?: Address;
  /** The passkey's site. Default: the page's own. */
  rpId?: string;
  /** Replaces `navigator.credentials.get`, for pages with their own and for tests. */
  getFn?: (options: PasskeyRequest) => Promise<object | null>;
};

/** An owner of a Safe: a viem account, a wallet client, or a passkey. Other accounts' owners: {@link signGrant}. */
export type Owner = EcdsaSigner | PasskeyOwner;
