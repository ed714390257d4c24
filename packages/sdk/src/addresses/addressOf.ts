import type { Address } from "viem";
import { deployedAddresses } from "../generated/addresses/deployedAddresses.ts";
import { findAddress, type LatchkeyContract } from "./findAddress.ts";

/**
 * Where a contract of this version is known to be deployed. Asks no chain.
 *
 * On a chain that is not listed the contract may be deployed all the same, by whoever paid for it: then it is at
 * `deterministicAddresses[contract]`, where the chain's code can be compared with the runtime bytecode of
 * `@latchkey/sdk/bytecode`.
 *
 * @param contract Which one.
 * @param chainId The chain's EIP-155 id.
 * @throws {InvalidInput} UNKNOWN_CHAIN: no deployment on that chain is known; `details.known` lists those that are.
 * INVALID_ADDRESS: there is no such contract.
 *
 * @example
 * addressOf("safeSessionModule", 8453)
 */
export const addressOf = (contract: LatchkeyContract, chainId: number): Address =>
  findAddress(deployedAddresses, contract, chainId);
