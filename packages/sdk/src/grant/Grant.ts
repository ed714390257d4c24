import type { Address, Hex } from "viem";
import type { AccountKind } from "../accounts/AccountKind.ts";
import type { Session } from "../session/Session.ts";

/** The version of the session format and of the modules that support it. */
export const GRANT_VERSION = 1;

/** `$schema` in a grant file of this version, and `$id` in its schema. */
export const GRANT_SCHEMA_ID = `urn:latchkey:grant:${GRANT_VERSION}` as const;

/** A session that its owner has not granted yet: what {@link signGrant} signs. Created by {@link proposeSession}. */
export type Proposal = {
  /** Of the format; an SDK of another version rejects it rather than reading it differently. */
  version: typeof GRANT_VERSION;
  chainId: number;
  /** The session module that enforces the session. */
  module: Address;
  accountKind: AccountKind;
  session: Session;
};

/**
 * What the agent gets: the session and the owner's signature over it. It holds no secret: it is useless without the
 * key. {@link serializeGrant} writes it to a file, {@link parseGrant} reads it.
 */
export type Grant = Proposal & {
  /**
   * The owner's signature in the account's own format. `0x` means that there is none: the account itself must have
   * enabled the session.
   */
  signature: Hex;
};
