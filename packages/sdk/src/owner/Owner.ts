import type { Address } from "viem";
import type { EcdsaSigner } from "../signTypedDataBy.ts";

/** A passkey that owns a Safe, with Rhinestone's adapter or without; the passkey objects of `@safe-global/protocol-kit` fit. */
export type PasskeyOwner = {
  /** The credential's id, in hex. */
  rawId: string;
  /** The owner that stands for the passkey. Default: Safe's shared signer. */
  signer?: Address;
  /** The site whose passkey it is. Default: the page's own. */
  rpId?: string;
  /** In place of `navigator.credentials.get`, for pages that have another and for tests. */
  getFn?: (options?: CredentialRequestOptions) => Promise<Credential | null>;
};

/** An owner of a Safe: a viem account, a wallet client, or a passkey. Other accounts' owners: {@link signGrant}. */
export type Owner = EcdsaSigner | PasskeyOwner;
