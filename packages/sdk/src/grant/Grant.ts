import type { Address, Hex } from "viem";
import type { AccountKind } from "../accounts/AccountKind.ts";
import type { Session } from "../session/Session.ts";
import type { SessionJson } from "../session/sessionJson.ts";

/** The version of the session format and of the modules that understand it. */
export const GRANT_VERSION = 1;

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
 * What the agent gets: the session and the owner's signature over it. It is plain JSON and holds no secret: without
 * the key it is good for nothing. Read the session with bigints in it by {@link grantSession}; read a file by
 * {@link parseGrant}.
 */
export type Grant = Omit<Proposal, "session"> & {
  session: SessionJson;
  /**
   * The owner's signature in the account's own form. `0x` says that there is none: the account itself must have
   * enabled the session.
   */
  signature: Hex;
};
