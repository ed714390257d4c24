import type { Address, Chain, Client, Hex, Transport } from "viem";
import type { Refusal } from "../errors/Refusal.ts";
import type { AccountKind } from "./AccountKind.ts";
import type { Erc7579AccountKind } from "./erc7579/Erc7579AccountKind.ts";
import type { EXECUTOR_TYPE, VALIDATOR_TYPE } from "./erc7579/erc7579Abi.ts";
import type { kernelMessage } from "./kernel.ts";
import type { SafeMessage } from "./safe/safeMessage.ts";

/** An EIP-3009 authorization that a session's key has signed. Times in seconds, `value` in token base units. */
export type Authorization = {
  from: Address;
  to: Address;
  value: bigint;
  validAfter: bigint;
  validBefore: bigint;
  nonce: Hex;
};

/** How an account takes a token's question to the session module. */
export type SignatureRail = {
  /** Whether the module is asked about a hash of the account's own, made of the authorization's digest. */
  wrapsHash: boolean;
  /** The ERC-1271 signature that the account takes to the module, out of a payload by `encodePayload`. */
  wrap(payload: Hex, authorization: Authorization): Hex;
};

/** A digest that an account is asked about. */
type Question = { account: Address; chainId: number; digest: Hex };

/** How the keys of an account's owners sign in its name: EIP-712 typed data in the account's own domain. */
export type OwnerKeys = {
  /** What stands before their signatures. */
  prefix: Hex;
} & (
  | {
      /** Several may sign, contracts and passkeys too; and the account executes transactions on their signatures. */
      ofSafe: true;
      message(question: Question): SafeMessage;
    }
  | { ofSafe: false; message(question: Question): ReturnType<typeof kernelMessage> }
);

/** What differs between kinds of accounts. Each kind has a file of its own; nothing else compares kinds. */
export type AccountAdapter = {
  kind: AccountKind;
  /** The session module for it, by its name among `deterministicAddresses`. */
  module: "safeSessionModule" | "erc7579SessionModule";
  /** Whether its sessions send userOps, and so count what gas they cost. */
  sendsUserOps: boolean;
  /** Undefined where keys alone do not say which validator is meant, and what it takes. */
  owners: OwnerKeys | undefined;
  /** Why the account does not let the module act for it: MODULE_NOT_ENABLED. Undefined where it does. */
  moduleRefusal(
    client: Client<Transport, Chain | undefined>,
    parameters: { account: Address; module: Address },
  ): Promise<Refusal | undefined>;
  /**
   * Why a signature over a session's EIP-712 digest is no grant, found out the way the module does: NOT_GRANTED.
   * Undefined where it is one. It throws only where the chain cannot be asked.
   */
  grantRefusal(
    client: Client<Transport, Chain | undefined>,
    parameters: { account: Address; module: Address; digest: Hex; signature: Hex },
  ): Promise<Refusal | undefined>;
  /**
   * Finds out how a token's question reaches the module.
   * @param parameters.domainSeparator Of the token that will ask.
   * @throws {Refusal} MODULE_NOT_ENABLED where it does not.
   */
  signatureRail(
    client: Client<Transport, Chain | undefined>,
    parameters: { account: Address; module: Address; domainSeparator: Hex },
  ): Promise<SignatureRail>;
};

/** What differs between ERC-7579 accounts beside that. */
export type Erc7579Traits = {
  kind: Erc7579AccountKind;
  owners: OwnerKeys | undefined;
  /** What its `accountId()` begins with. */
  accountId: string;
  /** How many bytes of a nonce's key are the caller's to choose. */
  laneBytes: number;
  /** The key of a nonce, 24 bytes, by which the account takes a validator for the userOp. */
  nonceKey(validator: Address, lane: Hex): Hex;
  /** The lane in such a key. */
  laneIn(key: bigint): bigint;
  /** What its signatures begin with that a validator is to check. */
  granterPrefix(validator: Address): Hex;
  /** What `installModule` takes so that the module's `onInstall` gets `inner`. */
  installationBytes(type: typeof VALIDATOR_TYPE | typeof EXECUTOR_TYPE, inner: Hex): Hex;
  /** Whether `uninstallModule` wants to be told which module stands before the one that goes. */
  listsModules: boolean;
  /** What its validators and ERC-1271 modules are asked about in place of a digest; undefined: the digest itself. */
  wrappedHash: typeof kernelMessage | undefined;
  /** The ERC-1271 signature that it takes to a module, out of the module's address and what the module gets. */
  wrap(addressed: Hex): Hex;
};

/** The adapter of an ERC-7579 account. */
export type Erc7579Adapter = AccountAdapter & Erc7579Traits;
