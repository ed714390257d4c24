import type { Address, Hex } from "viem";
import type { AccountKind } from "../accounts/AccountKind.ts";
import type { Session } from "../session/Session.ts";

/** The version of the session format and of the modules that understand it. */
export const GRANT_VERSION = 1;

/** What `$schema` says in a grant file of this version, and `$id` in its schema. */
export const GRANT_SCHEMA_ID = `urn:latchkey:grant:${GRANT_VERSION}` as const;

/** A session that waits for its owner's word: what {@link signGrant} signs. Made by {@link proposeSession}. */
export type Proposal = {
  /** Of the format; an SDK of another version refuses it rather than reading it differently. */
  version: typeof GRANT_VERSION;
  chainId: number;
  /** The session module that will enforce the session. */
  module: Address;
  accountKind: AccountKind;
  session: Session;
};

/**
 * What the agent gets: the session and the owner's signature over it. It holds no secret: without the key it is good for
 * nothing. {@link serializeGrant} writes it into a file, {@link parseGrant} reads that.
 */
export type Grant = Proposal & {
  /**
   * The owner's signature in the account's own form. `0x` says that there is none: the account itself must have
   * enabled the session.
   */
  signature: Hex;
};
