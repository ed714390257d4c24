import type { Address, Hex } from "viem";
import type { Session } from "../../session/Session.ts";
import type { Slot } from "../../session/Slot.ts";

/** What {@link encodePayload} packs: everything that the module needs to rebuild and judge an authorization. */
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
  /** The key's signature over the EIP-3009 digest: 65 bytes (r, s, v) or 64 (EIP-2098). Low s. */
  keySignature: Hex;
  /**
   * The owner's signature, for a session that is not enabled yet: the whole session travels then. Absent: the
   * session is enabled, and hashes stand for what the module need not see.
   */
  grant?: Hex;
  /**
   * Whether the account asks the module about a hash of its own, made of the authorization's digest, as a Kernel does:
   * no signature gives the key then, and it travels along. Default: false.
   */
  wrapsHash?: boolean;
};
