import type { Address } from "viem";
import { parseAddress } from "../internal/parseAddress.ts";
import { parseChainId } from "../internal/parseWhole.ts";

/**
 * The EIP-712 domain of a module on a chain.
 *
 * @throws {InvalidInput} INVALID_ADDRESS; INVALID_INPUT
 */
export const eip712Domain = (chainId: number, module: Address) =>
  ({
    name: "Latchkey",
    version: "1",
    chainId: parseChainId(chainId),
    verifyingContract: parseAddress(module, "module"),
  }) as const;
