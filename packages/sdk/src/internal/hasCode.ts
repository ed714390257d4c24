import type { Address, Chain, Client, Transport } from "viem";
import { getCode } from "./chainActions.ts";

/**
 * Whether there is a contract at an address. A call to an address without code succeeds, and does and proves nothing.
 *
 * @throws {Refusal} NETWORK
 */
export async function hasCode(
  client: Client<Transport, Chain | undefined>,
  address: Address,
): Promise<boolean> {
  const code = await getCode(client, { address });
  return code !== undefined && code !== "0x";
}
