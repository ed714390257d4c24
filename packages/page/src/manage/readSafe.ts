import { type Address, parseAbi } from "viem";
import { getCode, readContract } from "viem/actions";
import type { ChainClient } from "../chain/chainClient.ts";
import type { ManagedAccount } from "./ManagedAccount.ts";
import { readEpoch } from "./SessionChange.ts";

const abi = parseAbi([
  "function nonce() view returns (uint256)",
  "function getThreshold() view returns (uint256)",
  "function isOwner(address owner) view returns (bool)",
]);

/** What must be known about a Safe before its owner signs a transaction. */
export type SafeStanding = {
  /** Whether it exists yet. */
  deployed: boolean;
  /** Nonce of its next transaction. */
  nonce: bigint;
  /** Number of owners that have to sign. */
  threshold: bigint;
  /** Whether the passkey's signer is one of its owners. */
  isOwner: boolean;
  /** The account's epoch in the session module. */
  epoch: bigint;
};

/** The nonce of a Safe's next transaction. */
export const readNonce = (client: ChainClient, address: Address): Promise<bigint> =>
  readContract(client, { address, abi, functionName: "nonce" });

/**
 * Reads a Safe's state. One that does not exist yet will start with nonce 0 and this owner alone, since its address
 * commits to that.
 *
 * @param signer The owner that represents the passkey.
 */
export async function readSafe(
  client: ChainClient,
  { account: address, module }: Pick<ManagedAccount, "account" | "module">,
  signer: Address,
): Promise<SafeStanding> {
  const [code, epoch] = await Promise.all([
    getCode(client, { address }),
    readEpoch(client, { account: address, module }),
  ]);
  if (code === undefined || code === "0x")
    return { deployed: false, nonce: 0n, threshold: 1n, isOwner: true, epoch };
  const [nonce, threshold, isOwner] = await Promise.all([
    readNonce(client, address),
    readContract(client, { address, abi, functionName: "getThreshold" }),
    readContract(client, { address, abi, functionName: "isOwner", args: [signer] }),
  ]);
  return { deployed: true, nonce, threshold, isOwner, epoch };
}
