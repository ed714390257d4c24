import type { EncodedCall, SafeVersion } from "@latchkey/sdk";
import type { Address } from "viem";
import type { Passkey } from "./Passkey.ts";

/** An account that can grant with one passkey tap, as last read from the chain. */
export type AccountState = {
  chainId: number;
  address: Address;
  version: SafeVersion;
  /** The Safe's owner that represents the passkey. */
  signer: Address;
  passkey: Passkey;
  /** The call that creates the Safe; undefined once it exists. */
  creation: EncodedCall | undefined;
  /** The account's epoch in the module. */
  epoch: bigint;
  /** The Safe's own nonce. */
  nonce: bigint;
  /** Calls the Safe has to make before sessions work; empty if none. */
  installation: readonly EncodedCall[];
  /** Whether sessions can pay by signature (x402): not if another app's handler has to stay. */
  paysBySignature: boolean;
  /** Whether another app's verifier is replaced for some token. */
  replacesVerifier: boolean;
};
