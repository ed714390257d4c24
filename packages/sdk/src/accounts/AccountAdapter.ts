import type { Address, Chain, Client, Hex, Transport } from "viem";
import type { Refusal } from "../errors/Refusal.ts";

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

/** What differs between kinds of accounts, for who verifies a grant and pays by it. Nothing here signs or sends. */
export type AccountAdapter = {
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
