import type { Account, Chain, Client, Hash, Transport, WalletClient } from "viem";
import type { EncodedCall } from "../session/CallRequest.ts";
import type { Owner } from "./Owner.ts";

/** A wallet client that pays the gas for what a Safe's owners sign. */
export interface PayingClient extends WalletClient<Transport, Chain | undefined, Account> {}

/** Any viem client of the chain, if `send` is passed. */
export type ReadingClient = Client<Transport, Chain | undefined>;

/** A Safe (or Safe7579) acts with its owners' signatures, which this SDK requests. */
export type BySafeOwners = {
  /** The owner, or as many as the Safe's threshold. Default: the client's own account. */
  owner?: Owner | readonly Owner[];
  /** For chains without Safe's MultiSendCallOnly at its canonical address. */
  multiSendCallOnly?: `0x${string}`;
  send?: never;
};

/** An account of any kind acts through the owner's own client. */
export type BySending = {
  /**
   * Makes the account execute the calls, in order, all or none: on ERC-7579 accounts a userOp
   * (`(calls) => bundlerClient.sendUserOperation({ account, calls })`), elsewhere the wallet's own batch.
   *
   * @returns The sender's hash of the batch, which is returned as it is.
   */
  send: (calls: readonly EncodedCall[]) => Promise<Hash>;
  owner?: never;
  multiSendCallOnly?: never;
};

/** How an account acts. */
export type AccountSender = BySafeOwners | BySending;
