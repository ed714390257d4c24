import type { Account, Chain, Client, Hash, Transport } from "viem";
import type { EncodedCall } from "./calls/CallRequest.ts";
import { call, sendTransaction } from "./chainActions.ts";
import { isRefusal } from "./errors/isRefusal.ts";
import { outcomeUnknown } from "./errors/outcomeUnknown.ts";

/**
 * Asks the chain whether a call of the client's account would succeed, and sends it if so.
 *
 * @returns The transaction's hash.
 * @throws {Refusal} The chain's reason; NETWORK if the chain could not be asked, and nothing was sent; OUTCOME_UNKNOWN if the connection failed while the transaction was on its way:
 * it may have been sent.
 */
export async function sendOnce(
  client: Client<Transport, Chain | undefined, Account>,
  transaction: EncodedCall,
): Promise<Hash> {
  const { account } = client;
  await call(client, { account, ...transaction });
  try {
    return await sendTransaction(client, { account, chain: client.chain ?? null, ...transaction });
  } catch (error) {
    if (!isRefusal(error, "NETWORK")) throw error;
    throw outcomeUnknown({ from: account.address, to: transaction.to }, error);
  }
}
