import { installLatchkey as install, type LatchkeyContracts, type TestChain } from "@latchkey/devchain";
import { artifacts } from "hardhat";
import type { Hex } from "viem";

/** Deploys Latchkey as it is compiled now. Nothing happens where it is already. */
export async function installLatchkey(testChain: TestChain): Promise<LatchkeyContracts> {
  const code = async (name: string) => (await artifacts.readArtifact(name)).bytecode as Hex;
  return install(testChain, {
    module: await code("SafeSessionModule"),
    handler: await code("SafeSessionHandler"),
    lens: await code("SessionLens"),
    erc7579Module: await code("ERC7579SessionModule"),
  });
}
