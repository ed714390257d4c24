import type { Address } from "viem";
import { deterministicAddresses } from "../generated/addresses/deterministicAddresses.ts";

/**
 * The address of this version's SafeSessionHandler, on every chain that has it: CREATE2 with Safe's singleton factory,
 * salt 0. Reads no chain; `addressOf` knows where it is deployed.
 */
export const safeSessionHandlerAddress = (): Address => deterministicAddresses.safeSessionHandler;
