import type { Account, Address, Chain, Client, Hash, Hex, Transport } from "viem";
import { keccak256 } from "viem";
import { isRefusal } from "../errors/isRefusal.ts";
import { outcomeUnknown } from "../errors/outcomeUnknown.ts";
import { accountOf } from "./accountOf.ts";
import { call, getTransaction, sendTransaction } from "./chainActions.ts";

type SendingClient = Client<Transport, Chain | undefined, Account>;

/**
 * Simulates a call of the client's account, and sends it if it succeeds.
 *
 * @param before Is awaited between the two: what it throws is thrown, and nothing is sent.
 * @returns The transaction's hash; also if a node rejects it as already known.
 * @throws {Refusal} The chain's reason; NETWORK if the connection failed before anything was sent; OUTCOME_UNKNOWN if it
 * failed while the transaction was being sent: it may have been sent. `details.hash` is its hash, if the client's
 * account signs locally.
 */
export async function sendOnce(
  client: SendingClient,
  transaction: { to: Address; data: Hex; value: bigint },
  before?: () => Promise<void>,
): Promise<Hash> {
  const account = accountOf(client);
  await call(client, { account, ...transaction });
  await before?.();
  const sending: Sending = { began: false };
  try {
    return await sendTransaction(watched(client, sending), {
      account,
      chain: client.chain ?? null,
      ...transaction,
    });
  } catch (error) {
    if (!sending.began) throw error;
    const { hash } = sending;
    if (isRefusal(error, "NETWORK"))
      throw outcomeUnknown({ from: account.address, to: transaction.to, ...(hash && { hash }) }, error);
    // With several nodes, the second may reject what the first has accepted.
    if (hash && (await getTransaction(client, { hash }).catch(() => undefined))) return hash;
    throw error;
  }
}

/** Whether a transaction was sent, and its hash if the client's own account signed it. */
type Sending = { began: boolean; hash?: Hash };

/** The same client; records what it sends. viem prepares a transaction with several requests, which may fail as well. */
function watched(client: SendingClient, sending: Sending): SendingClient {
  const note = (raw: Hex | undefined) => {
    sending.began = true;
    if (raw) sending.hash = keccak256(raw);
  };
  const request = ((asked: { method: string; params?: readonly unknown[] }, options?: never) => {
    if (asked.method === "eth_sendRawTransaction") note(asked.params?.[0] as Hex);
    else if (/^(eth|wallet)_sendTransaction$/.test(asked.method)) note(undefined);
    return client.request(asked as never, options);
  }) as typeof client.request;
  const { sendRawTransaction } = client as { sendRawTransaction?: (sent: RawTransaction) => Promise<Hash> };
  return {
    ...client,
    request,
    ...(sendRawTransaction && {
      sendRawTransaction: (sent: RawTransaction) => {
        note(sent.serializedTransaction);
        return sendRawTransaction(sent);
      },
    }),
  };
}

type RawTransaction = { serializedTransaction: Hex };
