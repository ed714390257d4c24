import type { Account, Chain, Client, Hash, Transport } from "viem";
import { call, sendTransaction } from "viem/actions";
import type { EncodedCall } from "./calls/CallRequest.ts";
import { decodeError } from "./errors/decodeError.ts";
import { Refusal } from "./errors/Refusal.ts";

/**
 * Asks the chain whether a call of the client's account would succeed, and sends it if so.
 *
 * @returns The transaction's hash.
 * @throws {Refusal} The chain's reason; OUTCOME_UNKNOWN if the connection failed while the transaction was on its way:
 * it may have been sent.
 */
export async function sendOnce(
  client: Client<Transport, Chain | undefined, Account>,
  transaction: EncodedCall,
): Promise<Hash> {
  const { account } = client;
  try {
    await call(client, { account, ...transaction });
  } catch (error) {
    throw decodeError(error);
  }
  try {
    return await sendTransaction(client, { account, chain: client.chain ?? null, ...transaction });
  } catch (error) {
    const refusal = decodeError(error);
    if (refusal.code !== "NETWORK") throw refusal;
    throw new Refusal({
      code: "OUTCOME_UNKNOWN",
      shortMessage: "The connection failed while the transaction was on its way: it may have been sent.",
      metaMessages: [
        "Look at the sender's latest transactions before doing it again, or it may happen twice.",
      ],
      details: { from: account.address, to: transaction.to },
      cause: error,
    });
  }
}
