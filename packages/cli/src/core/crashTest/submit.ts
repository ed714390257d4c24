import { type Address, createWalletClient, type Hex, http, keccak256 } from "viem";
import { prepareTransactionRequest, sendRawTransaction, waitForTransactionReceipt } from "viem/actions";
import type { CrashWorld, HeldKey } from "./CrashWorld.ts";

/**
 * Puts a transaction on the chain without asking anybody first: it has a fixed amount of gas, and no simulation precedes it.
 *
 * @returns Whether the chain let it through.
 */
export async function submit(
  { chain }: CrashWorld,
  sender: HeldKey,
  { to, data }: { to: Address; data: Hex },
): Promise<boolean> {
  await chain.testChain.setBalance(sender.address, 10n ** 20n);
  const client = createWalletClient({
    account: sender,
    chain: chain.chain,
    transport: http(chain.url, { retryCount: 0 }),
    pollingInterval: 20,
  });
  const request = await prepareTransactionRequest(client, { to, data, gas: 2_000_000n, type: "eip1559" });
  const serializedTransaction = await sender.signTransaction(request);
  // The node may answer with the revert, and mines the transaction all the same.
  await sendRawTransaction(client, { serializedTransaction }).catch(() => undefined);
  const receipt = await waitForTransactionReceipt(client, { hash: keccak256(serializedTransaction) });
  return receipt.status === "success";
}
