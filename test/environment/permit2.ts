import { installPermit2, type TestChain } from "@latchkey/devchain";
import { artifacts } from "hardhat";
import type { Hex } from "viem";
import { X402_EXACT, X402_UPTO } from "../contracts/fixture.ts";

/** Puts Permit2 and stand-ins of x402's two proxies at their addresses. */
export async function placePermit2(testChain: TestChain): Promise<void> {
  await installPermit2(testChain);
  for (const [address, name] of [
    [X402_EXACT, "X402ExactProxyStandIn"],
    [X402_UPTO, "X402UptoProxyStandIn"],
  ] as const)
    await testChain.setCode(address, (await artifacts.readArtifact(name)).deployedBytecode as Hex);
}
