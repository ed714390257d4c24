import type { Address, Chain, Client, Hex, Transport } from "viem";
import type { Refusal } from "../errors/Refusal.ts";
import type { EncodedCall } from "../session/CallRequest.ts";
import type { Permit2Transfer } from "../session/permit2Transfer.ts";
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

/** How an account forwards the ERC-1271 query of a token, or of Permit2, to the session module. */
export type SignatureRail = {
  /** Whether the account queries the module with its own hash of the payment's digest. */
  wrapsHash: boolean;
  /**
   * The ERC-1271 signature that the account forwards to the module, made from a payload of `encodePayload`.
   * @param paid What the query is about.
   */
  wrap(payload: Hex, paid: { authorization: Authorization } | { transfer: Permit2Transfer }): Hex;
};

/** A digest that an account is queried about. */
type Question = { account: Address; chainId: number; digest: Hex };

/** How the owners' keys sign for the account: EIP-712 typed data in the account's own domain. */
export type OwnerKeys = {
  /** The prefix of their signatures. */
  prefix: Hex;
} & (
  | {
      /** Several may sign, including contracts and passkeys, and the account executes transactions with their signatures. */
      ofSafe: true;
      message(question: Question): SafeMessage;
    }
  | { ofSafe: false; message(question: Question): ReturnType<typeof kernelMessage> }
);

/** What differs between kinds of accounts. Each kind has its own file; nothing else compares kinds. */
export type AccountAdapter = {
  kind: AccountKind;
  /** Its session module, by its name in `deterministicAddresses`. */
  module: "safeSessionModule" | "erc7579SessionModule";
  /** Whether its sessions send userOps, and so count their gas cost. */
  sendsUserOps: boolean;
  /** Undefined if keys alone do not identify the validator and its signature format. */
  owners: OwnerKeys | undefined;
  /** MODULE_NOT_ENABLED if the module may not act for the account, otherwise undefined. */
  moduleRefusal(
    client: Client<Transport, Chain | undefined>,
    parameters: { account: Address; module: Address },
  ): Promise<Refusal | undefined>;
  /**
   * Why a signature over a session's EIP-712 digest is not a grant, checked as the module does: NOT_GRANTED.
   * Undefined if it is. Throws only if the node cannot be reached.
   */
  grantRefusal(
    client: Client<Transport, Chain | undefined>,
    parameters: { account: Address; module: Address; digest: Hex; signature: Hex },
  ): Promise<Refusal | undefined>;
  /**
   * Finds out how the query of a token, or of Permit2, reaches the module.
   * @param parameters.domainSeparator Of the token, or Permit2's own.
   * @throws {Refusal} MODULE_NOT_ENABLED if it does not.
   */
  signatureRail(
    client: Client<Transport, Chain | undefined>,
    parameters: { account: Address; module: Address; domainSeparator: Hex },
  ): Promise<SignatureRail>;
  /**
   * The calls with which an account that has the module lets it answer in one more EIP-712 domain; none if it does, or if
   * the account asks the module in every domain.
   * @throws {Refusal} MODULE_NOT_ENABLED: another contract answers in this domain, which is not replaced.
   */
  domainCalls(
    client: Client<Transport, Chain | undefined>,
    parameters: { account: Address; module: Address; domainSeparator: Hex },
  ): Promise<EncodedCall[]>;
};

/** What also differs between ERC-7579 accounts. */
export type Erc7579Traits = {
  kind: Erc7579AccountKind;
  owners: OwnerKeys | undefined;
  /** The beginning of its `accountId()`. */
  accountId: string;
  /** How many bytes of a nonce's key the caller can choose. */
  laneBytes: number;
  /** The key of a nonce, 24 bytes, which selects the validator of the userOp. */
  nonceKey(validator: Address, lane: Hex): Hex;
  /** The lane in such a key. */
  laneIn(key: bigint): bigint;
  /** The prefix of signatures that a validator checks. */
  granterPrefix(validator: Address): Hex;
  /** The argument of `installModule` that passes `inner` to the module's `onInstall`. */
  installationBytes(type: typeof VALIDATOR_TYPE | typeof EXECUTOR_TYPE, inner: Hex): Hex;
  /** Whether `uninstallModule` needs the module that precedes the removed one in the list. */
  listsModules: boolean;
  /** What its validators and ERC-1271 modules get instead of a digest; undefined: the digest itself. */
  wrappedHash: typeof kernelMessage | undefined;
  /** The ERC-1271 signature that it forwards to a module, made from the module's address and signature. */
  wrap(addressed: Hex): Hex;
};

/** The adapter of an ERC-7579 account. */
export type Erc7579Adapter = AccountAdapter & Erc7579Traits;
