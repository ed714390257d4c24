import type { Address } from "viem";
import { deterministicAddresses } from "../generated/addresses/deterministicAddresses.ts";

/**
 * Where the ERC7579SessionModule of this version is, on every chain that has it: CREATE2 by Safe's singleton factory,
 * salt 0. Asks no chain; `addressOf` says where it is known to be deployed.
 */
export const erc7579SessionModuleAddress = (): Address => deterministicAddresses.erc7579SessionModule;
