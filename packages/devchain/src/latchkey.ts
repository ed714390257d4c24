import {
  erc7579SessionModuleBytecode,
  safeSessionHandlerBytecode,
  safeSessionModuleBytecode,
  sessionLensBytecode,
} from "@latchkey/sdk/bytecode";
import type { Address, Hex } from "viem";
import { deployCanonically } from "./safe.ts";
import type { TestChain } from "./TestChain.ts";

/** Where Latchkey's contracts are. */
export type LatchkeyContracts = {
  /** SafeSessionModule. */
  module: Address;
  /** SafeSessionHandler, for Safes up to 1.4.1. */
  handler: Address;
  /** SessionLens. */
  lens: Address;
  /** ERC7579SessionModule. */
  erc7579Module: Address;
};

const creationCode: Record<keyof LatchkeyContracts, Hex> = {
  module: safeSessionModuleBytecode,
  handler: safeSessionHandlerBytecode,
  lens: sessionLensBytecode,
  erc7579Module: erc7579SessionModuleBytecode,
};

/**
 * Deploys Latchkey's contracts by CREATE2 with salt 0 through Safe's singleton factory: their addresses are those that
 * they have on every chain. Nothing happens where they are already.
 * @param code Creation code to take instead of the SDK's. Another code is at another address.
 */
export async function installLatchkey(
  testChain: TestChain,
  code: Partial<Record<keyof LatchkeyContracts, Hex>> = {},
): Promise<LatchkeyContracts> {
  const deployed: Partial<LatchkeyContracts> = {};
  for (const name of ["lens", "module", "handler", "erc7579Module"] as const)
    deployed[name] = await deployCanonically(
      testChain,
      `Latchkey's ${name}`,
      code[name] ?? creationCode[name],
      {},
    );
  return deployed as LatchkeyContracts;
}
