import type { Address, Hex } from "viem";
import type { Session } from "../../session/Session.ts";
import type { Slot } from "../../session/Slot.ts";

/** Parameters of {@link encodePayload}: everything that the module needs to rebuild and check an authorization. */
export type PayloadParameters = {
  session: Session;
  /** Which of the session's budgets pays. */
  budgetIndex: number;
  slot: Slot;
  /** The payee. */
  to: Address;
  /** In the token's base units. */
  value: bigint;
  /** Of the authorization, seconds. */
  validAfter: bigint;
  /** Of the authorization, seconds. */
  validBefore: bigint;
  /** The token's EIP-712 name and version, as its own domain separator has them. */
  tokenDomain: { name: string; version: string };
  /** The key's signature over the EIP-3009 digest: 65 bytes (r, s, v) or 64 (EIP-2098). */
  keySignature: Hex;
  /**
   * The owner's signature, for a session that is not enabled yet: the whole session is included then. Absent: the
   * session is enabled, and hashes replace what the module does not need.
   */
  grant?: Hex;
  /**
   * Whether the account queries the module with its own hash of the authorization's digest, as a Kernel does:
   * the key cannot be recovered then, and is included. Default: false.
   */
  wrapsHash?: boolean;
};
