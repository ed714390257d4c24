import type { EncodedCall, SafeVersion } from "@latchkey/sdk";
import type { Address } from "viem";
import type { Passkey } from "./Passkey.ts";

/** An account that can grant by one tap of a passkey, as the chain had it a moment ago. */
export type AccountState = {
  chainId: number;
  address: Address;
  version: SafeVersion;
  /** The owner among the Safe's owners that stands for the passkey. */
  signer: Address;
  passkey: Passkey;
  /** What creates the Safe; undefined once it exists. */
  creation: EncodedCall | undefined;
  /** The account's epoch, by the module. */
  epoch: bigint;
  /** The Safe's own nonce. */
  nonce: bigint;
  /** What the Safe has to do to itself before sessions work; empty where nothing is missing. */
  installation: readonly EncodedCall[];
  /** Whether sessions can pay by signature (x402): not where another app's handler has to stay. */
  paysBySignature: boolean;
  /** Another app's verifier is replaced for some token. */
  replacesVerifier: boolean;
};
