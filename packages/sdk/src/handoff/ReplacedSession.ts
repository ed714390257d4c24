import type { Address, Hex } from "viem";

/** The session that the requested one replaces: the account ends it in the transaction that enables the new one. */
export type ReplacedSession = {
  /** The session module of both. */
  module: Address;
  /** The old session as the module reads it, from `encodeSession`. */
  session: Hex;
  /** The owner's signature over it; `0x` if the account has enabled it. It is a claim until the chain was asked. */
  signature: Hex;
};
