import type { AgentFolder } from "@latchkey/sdk/node";
import { type Address, createPublicClient, erc20Abi, http } from "viem";
import { askFaucet } from "./askFaucet.ts";
import type { Dev } from "./devFile.ts";

/**
 * Gives an agent on the chain of `latchkey dev` what it needs to try it: gas for its key, and USDC for the account of its
 * session. Only where there is none yet, so that what is spent is missed.
 *
 * @throws {CommandError} NO_FAUCET
 */
export async function fundAgent(dev: Dev, folder: AgentFolder): Promise<void> {
  const { rpc, usdc, faucet } = dev;
  if (faucet === undefined) return;
  const client = createPublicClient({ transport: http(rpc) });
  const { address: key } = await folder.key();
  if ((await client.getBalance({ address: key })) === 0n) await askFaucet(dev, key, "ether");
  const grant = await folder.grant();
  if (grant?.chainId !== dev.chainId || usdc === undefined) return;
  const { account } = grant.session;
  if ((await client.readContract(balanceOf(usdc, account))) === 0n) await askFaucet(dev, account, "usdc");
}

const balanceOf = (token: Address, owner: Address) =>
  ({ address: token, abi: erc20Abi, functionName: "balanceOf", args: [owner] }) as const;
