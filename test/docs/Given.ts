import type { Grant, Owner, PasskeyOwner } from "@latchkey/sdk";
import type { EntryPointVersion } from "@latchkey/sdk/erc7579";
import type { LanguageModel } from "ai";
import type { Account, Address, EIP1193Provider, Hex, HttpTransport, PublicClient, WalletClient } from "viem";
import type { BundlerClient, SmartAccount } from "viem/account-abstraction";
import type { PrivateKeyAccount } from "viem/accounts";
import type { base } from "viem/chains";

type Wallet = WalletClient<HttpTransport, typeof base, Account>;

/** The variables that the pages take for granted, and say so. */
export type Given = {
  client: PublicClient<HttpTransport, typeof base>;
  rpcUrl: string;
  /** Has some of the chain's coin. */
  payer: PrivateKeyAccount;
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
  agent: PrivateKeyAccount;
  agentWallet: Wallet;
  shop: Address;
  /** The escrow of a payment channel. */
  channel: Address;
  /** The token that the shop takes. */
  usdc: Address;
  /** Of something that the shop sells by x402. */
  url: string;
  /** An ERC-7579 account. */
  account: Address;
  /** Of the ERC-7579 account. */
  entryPoint: EntryPointVersion;
  /** The module by which the owner of the ERC-7579 account speaks; none where that is a Safe7579. */
  validator: Address | undefined;
  /** The owner's key, as that validator knows it. */
  ownerKey: PrivateKeyAccount;
  /** Signs 32 bytes with a key manager's key; returns DER. */
  signDigest: (digest: Uint8Array) => Promise<Uint8Array>;
  /** Of the key manager's key. */
  kmsAddress: Address;
  /** Signs a hash as the validator takes it. */
  signByOwner: (hash: Hex) => Promise<Hex>;
  /** Sends userOps of the ERC-7579 account's owner. */
  ownerClient: BundlerClient<HttpTransport, typeof base, SmartAccount>;
  bundlerUrl: string;
  /** One that sponsors userOps, and its service. */
  paymaster: Address;
  paymasterUrl: string;
  /** Of an EOA that runs an ERC-7579 account. */
  eoaWallet: Wallet;
  /** Files of an agent: its key, its grant, its payments, and its ledger. */
  keyPath: string;
  grantPath: string;
  paymentsPath: string;
  ledgerPath: string;
  /** An agent's folder, and the URL of the page. */
  agentDir: string;
  pageUrl: string;
  redisUrl: string;
  /** A worker's name, what it adds to the queue, and when a job is taken over, in milliseconds. */
  worker: string;
  orders: readonly { job: string; url: string }[];
  takeOverAfter: number;
  /** What two shops are paid at, what they sell, and a folder for what was bought. */
  journal: Address;
  archive: Address;
  articles: readonly { title: string; url: string }[];
  shelf: string;
  /** The title of an article that a person insists on. */
  wanted: string | undefined;
  /** The folder of an agent that has a session. */
  dir: string;
  /** What starts an MCP server. */
  command: string;
  args: string[];
  /** A wallet's own provider. */
  inner: EIP1193Provider;
  /** Of a session that has paid. */
  grant: Grant;
  /** A block before its first payment. */
  fromBlock: bigint;
  /** Of the Vercel AI SDK. */
  model: LanguageModel;
};
