import { artifacts } from "hardhat";
import type { Hex } from "viem";
import { deployCanonically } from "./safe.ts";
import type { Latchkey } from "./safeAccount.ts";
import type { TestChain } from "./TestChain.ts";

/**
 * Deploys SafeSessionModule, SafeSessionHandler and SessionLens as they are compiled now, by CREATE2 with salt 0 through Safe's
 * singleton factory. Nothing happens where they are already.
 */
export async function installLatchkey(testChain: TestChain): Promise<Latchkey> {
  const deploy = async (name: string) => {
    const { bytecode } = await artifacts.readArtifact(name);
    return deployCanonically(testChain, name, bytecode as Hex, {});
  };
  await deploy("SessionLens");
  return { module: await deploy("SafeSessionModule"), handler: await deploy("SafeSessionHandler") };
}
