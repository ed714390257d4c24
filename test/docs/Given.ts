import type { Account, Address, HttpTransport, LocalAccount, PublicClient, WalletClient } from "viem";
import type { base } from "viem/chains";
import type { Owner, PasskeyOwner } from "../../packages/sdk/src/index.ts";

type Wallet = WalletClient<HttpTransport, typeof base, Account>;

/** The variables that the pages take for granted, and say so. */
export type Given = {
  client: PublicClient<HttpTransport, typeof base>;
  rpcUrl: string;
  /** Pays the gas of the owner's transactions. */
  wallet: Wallet;
  /** A passkey that owns a Safe by Safe's shared signer, unless it names another. */
  passkey: PasskeyOwner & { publicKey: { x: bigint; y: bigint } };
  /** A Safe with Latchkey installed. */
  safe: Address;
  /** A Safe without. */
  existingSafe: Address;
  /** Of the existing Safe. */
  owner: Owner;
  agent: LocalAccount;
  agentWallet: Wallet;
  shop: Address;
  /** Of something that the shop sells by x402. */
  url: string;
};
