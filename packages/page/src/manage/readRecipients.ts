import { type Address, type Hash, parseAbi, parseEventLogs } from "viem";
import { getTransactionReceipt } from "viem/actions";
import type { ChainClient } from "../chain/chainClient.ts";

const transferAbi = parseAbi(["event Transfer(address indexed from, address indexed to, uint256 value)"]);

/**
 * The recipients a transaction paid from an account in one token, without duplicates, in order: the module's own event
 * does not name them.
 *
 * @returns Empty for the native coin, which emits no event.
 */
export async function readRecipients(
  client: ChainClient,
  { hash, account, token }: { hash: Hash; account: Address; token: Address },
): Promise<Address[]> {
  const { logs } = await getTransactionReceipt(client, { hash });
  const ofToken = logs.filter(({ address }) => address.toLowerCase() === token.toLowerCase());
  const transfers = parseEventLogs({
    abi: transferAbi,
    eventName: "Transfer",
    logs: ofToken,
    args: { from: account },
  });
  return [...new Set(transfers.map(({ args }) => args.to))];
}
