import type { Address } from "viem";
import { deployedAddresses } from "../generated/addresses/deployedAddresses.ts";
import { findAddress, type LatchkeyContract } from "./findAddress.ts";

/**
 * The address of a contract of this version on a chain where it is known to be deployed. Reads no chain.
 *
 * Anyone may have deployed the contract on a chain that is not listed. Then it is at
 * `deterministicAddresses[contract]`, where its code can be compared with the runtime bytecode of
 * `@latchkey/sdk/bytecode`.
 *
 * @param contract Which one.
 * @param chainId The chain's EIP-155 id.
 * @throws {InvalidInput} UNKNOWN_CHAIN: no deployment on that chain is known; `details.known` lists the chains with one.
 * INVALID_ADDRESS: there is no such contract.
 *
 * @example
 * addressOf("safeSessionModule", 8453)
 */
export const addressOf = (contract: LatchkeyContract, chainId: number): Address =>
  findAddress(deployedAddresses, contract, chainId);
