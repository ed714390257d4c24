import { x402ExactPermit2ProxyAddress, x402UptoPermit2ProxyAddress } from "@x402/evm";
import type { Address } from "viem";
import { genuineCode } from "./genuineCode.ts";
import { installPermit2 } from "./permit2.ts";
import type { TestChain } from "./TestChain.ts";

/** x402's spenders of Permit2 transfers, where `@x402/evm` names them, and what stands in for each. */
export const X402_PROXIES = [
  { scheme: "exact", address: x402ExactPermit2ProxyAddress, standIn: "X402ExactProxyStandIn" },
  { scheme: "upto", address: x402UptoPermit2ProxyAddress, standIn: "X402UptoProxyStandIn" },
] as const;

/**
 * Puts stand-ins for x402's proxies at the proxies' addresses, unless there is code, and Permit2 at its own. x402 publishes
 * the proxies' addresses and ABIs, but no package has their code: these settle as the proxies do, one payment at a time.
 */
export async function installX402Proxies(testChain: TestChain): Promise<Record<"exact" | "upto", Address>> {
  await installPermit2(testChain);
  for (const { address, standIn } of X402_PROXIES) {
    // A fork of a live chain has the proxies themselves.
    if (!(await testChain.client.getCode({ address })))
      await testChain.setCode(address, genuineCode(standIn).code);
  }
  return { exact: x402ExactPermit2ProxyAddress, upto: x402UptoPermit2ProxyAddress };
}
