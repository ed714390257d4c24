import type { Address, Chain, Client, Transport } from "viem";
import type { AccountKind } from "../accounts/AccountKind.ts";

/** The account that grants, and how its chain is read. */
export type GrantingAccount = {
  client: Client<Transport, Chain | undefined>;
  account: Address;
  accountKind: AccountKind;
  /** The session module. */
  module: Address;
};
