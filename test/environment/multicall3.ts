import type { TestChain } from "@latchkey/devchain";
import type { Address, Hex } from "viem";
import { call } from "viem/actions";

/** Where Multicall3 is on nearly every chain. */
export const MULTICALL3: Address = "0xcA11bde05977b3631167028862bE2a173976CA11";

/**
 * Gives a chain the genuine Multicall3.
 * viem carries its creation code but does not export it; what that returns is the runtime code.
 */
export async function setMulticall3(testChain: TestChain): Promise<void> {
  const contracts = new URL("./constants/contracts.js", import.meta.resolve("viem"));
  const { multicall3Bytecode } = (await import(contracts.href)) as { multicall3Bytecode: Hex };
  const { data } = await call(testChain.client, { data: multicall3Bytecode });
  await testChain.setCode(MULTICALL3, data as Hex);
}
