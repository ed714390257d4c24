import { setTimeout } from "node:timers/promises";
import {
  BaseError,
  type Client,
  type Hash,
  HttpRequestError,
  TimeoutError,
  TransactionNotFoundError,
  type TransactionReceipt,
} from "viem";
import {
  getCode,
  getTransaction,
  getTransactionCount,
  getTransactionReceipt,
  sendRawTransaction,
  waitForTransactionReceipt,
} from "viem/actions";
import { DeployError } from "./DeployError.ts";
import type { Journal, PendingCreation } from "./Journal.ts";

/** Where a creation was mined. */
export type Creation = { transaction: Hash; block: number };

/**
 * Sends a creation that was signed, unless the chain has it already, and waits until it is mined.
 *
 * @param timeout Milliseconds to wait.
 * @returns Undefined if the contract is there by another transaction, or this one can never be mined: another one has
 * its nonce.
 * @throws {@link DeployError} `NOT_MINED` if that takes longer: it stays in the journal, and the next run goes on
 * waiting; `REVERTED`; `NODE` if the node refuses it for good.
 */
export async function finishCreation(
  client: Client,
  journal: Journal,
  creation: PendingCreation,
  timeout: number,
): Promise<Creation | undefined> {
  const receipt = await mined(client, journal, creation, timeout);
  const code = await getCode(client, { address: creation.address });
  await journal.remove(creation);
  if (receipt?.status === "success" && code)
    return { transaction: creation.transaction, block: Number(receipt.blockNumber) };
  if (!receipt || code) return undefined;
  throw new DeployError(
    "REVERTED",
    `${creation.name}: transaction ${creation.transaction} created no code at ${creation.address}. Run this again.`,
  );
}

/** The receipt of a creation, once there is one; undefined if another transaction took its nonce. */
async function mined(
  client: Client,
  journal: Journal,
  creation: PendingCreation,
  timeout: number,
): Promise<TransactionReceipt | undefined> {
  const { transaction: hash, from, nonce } = creation;
  const receipt = () => getTransactionReceipt(client, { hash }).catch(() => undefined);
  const isOvertaken = async () => (await getTransactionCount(client, { address: from })) > nonce;

  // A node can know the nonce before it knows the receipt, and behind one URL there may be several nodes.
  const lateReceipt = async () => {
    for (let attempt = 0; attempt < 3; attempt++) {
      const late = await receipt();
      if (late) return late;
      await setTimeout(client.pollingInterval);
    }
    return undefined;
  };

  const already = await receipt();
  if (already) return already;
  if (await isOvertaken()) return lateReceipt();
  try {
    await sendRawTransaction(client, { serializedTransaction: creation.signed });
  } catch (error) {
    const isKnown = await getTransaction(client, { hash }).then(
      () => true,
      (unknown) => {
        if (unknown instanceof TransactionNotFoundError) return false;
        // Nobody can say: it stays in the journal.
        throw error;
      },
    );
    if (!isKnown) {
      if (await isOvertaken()) return lateReceipt();
      if (!(error instanceof BaseError) || error.walk(isUnanswered)) throw error;
      // The node will never take this one. The next has the same nonce, so even if another node did take it, only one
      // of the two can be mined.
      await journal.remove(creation);
      throw new DeployError("NODE", `${creation.name}: the node rejected the creation: ${error.details}`);
    }
  }
  try {
    return await waitForTransactionReceipt(client, { hash, timeout, checkReplacement: false });
  } catch (error) {
    if (await isOvertaken()) return lateReceipt();
    if (!(error instanceof BaseError)) throw error;
    throw new DeployError(
      "NOT_MINED",
      `${creation.name}: transaction ${hash} (nonce ${nonce}) was sent and is not mined yet. Run this again to continue ` +
        "waiting. To give it up, have the deployer send anything else with the same nonce and a higher fee.",
    );
  }
}

/** The node may have got a request that it did not answer. */
const isUnanswered = (error: unknown) => error instanceof HttpRequestError || error instanceof TimeoutError;
