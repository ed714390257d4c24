import type { Account, Chain, Client, Hash, Transport, WalletClient } from "viem";
import type { EncodedCall } from "../session/CallRequest.ts";
import type { Owner } from "./Owner.ts";

/** A wallet client that pays the gas of what a Safe's owners sign. */
export interface PayingClient extends WalletClient<Transport, Chain | undefined, Account> {}

/** Any viem client of the chain, where somebody else sends. */
export type ReadingClient = Client<Transport, Chain | undefined>;

/** A Safe (or Safe7579) acts on its owners' signatures, which this SDK asks for. */
export type BySafeOwners = {
  /** The owner, or as many as the Safe's threshold. Default: the client's own account. */
  owner?: Owner | readonly Owner[];
  /** For chains where Safe's MultiSendCallOnly is not at its canonical address. */
  multiSendCallOnly?: `0x${string}`;
  send?: never;
};

/** An account of any kind acts by a client of the owner's own. */
export type BySending = {
  /**
   * Makes the account perform the calls, in order, all or none: on ERC-7579 accounts a userOp
   * (`(calls) => bundlerClient.sendUserOperation({ account, calls })`), elsewhere the wallet's own batch.
   *
   * @returns Whatever hash the sender knows the batch by; it is passed on as it is.
   */
  send: (calls: readonly EncodedCall[]) => Promise<Hash>;
  owner?: never;
  multiSendCallOnly?: never;
};

/** By whom an account acts. */
export type AccountSender = BySafeOwners | BySending;
