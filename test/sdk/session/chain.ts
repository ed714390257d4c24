import type { Session } from "@latchkey/sdk";
import { safeSessionModuleAbi, sessionLensAbi } from "@latchkey/sdk/abis";
import { network } from "hardhat";
import { ContractFunctionRevertedError, type Hex } from "viem";

/** What the contracts make of sessions and of their bytes. */
export async function deployReaders() {
  const { viem } = await network.create("default");
  const module = await viem.deployContract("SafeSessionModule");
  const lens = await viem.deployContract("SessionLens");
  const client = await viem.getPublicClient();
  return {
    /** Bit i of `leftOut` is budget i, bit 8 the list of actions. */
    pack: (session: Session, leftOut: bigint): Promise<Hex> =>
      client.readContract({
        address: lens.address,
        abi: sessionLensAbi,
        functionName: "pack",
        args: [session, leftOut],
      }),
    /** The id of the session that bytes hold; undefined where they hold none. */
    async idIn(bytes: Hex): Promise<Hex | undefined> {
      try {
        return await client.readContract({
          address: module.address,
          abi: safeSessionModuleAbi,
          functionName: "hashSession",
          args: [bytes],
        });
      } catch (error) {
        const reverted = (error as { walk?: (of: (one: unknown) => boolean) => unknown }).walk?.(
          (one) => one instanceof ContractFunctionRevertedError,
        );
        const { data } = (reverted ?? {}) as ContractFunctionRevertedError;
        if (data?.errorName === "MalformedSession") return undefined;
        throw error;
      }
    },
  };
}

export type Readers = Awaited<ReturnType<typeof deployReaders>>;
