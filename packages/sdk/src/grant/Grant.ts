import type { Address, Hex } from "viem";
import type { Erc7579AccountKind } from "../erc7579/Erc7579AccountKind.ts";
import type { Action, Session } from "../Session.ts";

/** Which kind of account grants: it decides how a grant is signed and verified, and how a token asks it. */
export type AccountKind = "safe" | Erc7579AccountKind;

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

/** A {@link Session} that JSON can carry: every bigint as a decimal string. */
export type SessionJson = {
  account: Address;
  key: Address;
  validAfter: number;
  validUntil: number;
  epoch: string;
  salt: string;
  gasAllowance: string;
  paymaster: Address;
  budgets: readonly {
    token: Address;
    perTransaction: string;
    perPeriod: string;
    period: number;
    initial: string;
    perSecond: string;
    signatures: number;
    sizes: number;
    recipients: readonly Address[];
  }[];
  actions: readonly Action[];
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
