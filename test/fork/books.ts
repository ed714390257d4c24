import type { TestChain } from "@latchkey/devchain";
import { expect } from "chai";
import { type Address, erc20Abi, parseEventLogs, zeroAddress } from "viem";

/**
 * Opens the books of a token at the latest block. The check that comes back reads every Transfer since, and expects
 * that each party's balance changed by exactly what it received and paid, and the total supply by what was minted
 * and burnt: no money came from nowhere, none was lost.
 */
export async function openBooks({ client }: TestChain, token: Address): Promise<() => Promise<void>> {
  const opened = await client.getBlockNumber();
  const contract = { address: token, abi: erc20Abi } as const;
  return async () => {
    const logs = await client.getLogs({ address: token, fromBlock: opened + 1n });
    const transfers = parseEventLogs({ abi: erc20Abi, eventName: "Transfer", logs });
    const changes = new Map<Address, bigint>();
    const change = (party: Address, amount: bigint) =>
      changes.set(party, (changes.get(party) ?? 0n) + amount);
    for (const { args } of transfers) {
      change(args.from, -args.value);
      change(args.to, args.value);
    }
    const made = -(changes.get(zeroAddress) ?? 0n);
    changes.delete(zeroAddress);
    for (const [party, amount] of changes) {
      const balanceAt = (blockNumber?: bigint) =>
        client.readContract({ ...contract, functionName: "balanceOf", args: [party], blockNumber });
      expect(await balanceAt(), `balance of ${party}`).to.equal((await balanceAt(opened)) + amount);
    }
    const supplyAt = (blockNumber?: bigint) =>
      client.readContract({ ...contract, functionName: "totalSupply", blockNumber });
    expect(await supplyAt(), "total supply").to.equal((await supplyAt(opened)) + made);
  };
}
