import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type Grant, type LedgerEntry, pay, Refusal } from "@latchkey/sdk";
import { onePaymentFor, writePrivateFile } from "@latchkey/sdk/node";
import {
  type Address,
  createClient,
  custom,
  type Hash,
  type Hex,
  keccak256,
  parseTransaction,
  type TransactionReceipt,
  TransactionReceiptNotFoundError,
  toBytes,
} from "viem";
import { getTransactionCount, getTransactionReceipt, sendRawTransaction } from "viem/actions";
import * as z from "zod";
import type { OpenSession } from "./AgentSource.ts";
import { createPrivate, readPrivate } from "./privateFile.ts";
import { requireGas } from "./requireGas.ts";
import { ToolFailure } from "./ToolRefusal.ts";

/** Milliseconds to wait until a transaction is mined. */
const PATIENCE = 90_000;

/** A payment by transaction. */
export type Transfer = {
  /** Names it: the same key never pays twice. */
  idempotencyKey: string;
  to: Address;
  /** In whole tokens. */
  amount: string;
  token?: "usdc" | "native" | Address;
  purpose?: string;
};

const recordSchema = z.object({
  version: z.literal(1),
  /** What the key stands for. */
  asked: z.string(),
  chainId: z.number(),
  from: z.string(),
  nonce: z.number(),
  hash: z.string(),
  /** The signed transaction: good for this payment alone. */
  raw: z.string(),
  /** What the ledger has of it. */
  entry: z.unknown().optional(),
  outcome: z.enum(["paid", "failed"]).optional(),
});
type Record = z.infer<typeof recordSchema>;

/** What became of a transfer. */
export type TransferOutcome = { hash: Hash; isRepeated: boolean };

/** Transactions of one key are signed one after another: two at once would have the same nonce. */
const turns = new Map<string, Promise<unknown>>();

/**
 * Pays by a transaction of the session's key, once for each idempotency key, also across restarts and processes.
 *
 * The signed transaction is on disk, under the key's name, before any node sees it, and only one process can take that
 * name. From then on the key stands for this transaction, which can be mined only once: a repeated call sends the same bytes
 * again. If the process dies before the file is written, nothing was sent.
 *
 * @throws {Refusal} As {@link pay}; OUTCOME_UNKNOWN while it is not mined; IDEMPOTENCY_KEY: it stands for another payment.
 * @throws {ToolFailure} NO_GAS; NOT_PAID: it was mined and failed.
 */
export async function sendNamedTransfer(
  session: OpenSession,
  transfer: Transfer,
  signal: AbortSignal,
): Promise<TransferOutcome> {
  const turn = (turns.get(session.folder.dir) ?? Promise.resolve()).then(() =>
    sendInTurn(session, transfer, signal),
  );
  turns.set(
    session.folder.dir,
    turn.catch(() => {}),
  );
  return turn;
}

async function sendInTurn(
  session: OpenSession,
  transfer: Transfer,
  signal: AbortSignal,
): Promise<TransferOutcome> {
  const path = await recordPath(session, transfer.idempotencyKey);
  const asked = identityOf(transfer);
  const known = await readRecord(path);
  if (known) return resume(session, path, known, asked, signal);
  await requireGas(session);
  const { client, folder, key, grant } = session;
  let entry: LedgerEntry | undefined;
  let own: Record | undefined;
  let isTaken = false;
  const recordBefore = async (raw: Hex) => {
    if (own?.raw === raw) return;
    const record: Record = {
      version: 1,
      asked,
      chainId: grant.chainId,
      from: key.address,
      nonce: parseTransaction(raw).nonce ?? 0,
      hash: keccak256(raw),
      raw,
      ...(entry && { entry }),
    };
    isTaken = !(await createPrivate(path, `${JSON.stringify(record)}\n`));
    if (isTaken) throw new Error("another process has used this idempotency key meanwhile");
    own = record;
  };
  const wallet = createClient({
    account: key,
    chain: client.chain,
    pollingInterval: client.pollingInterval,
    transport: custom(
      {
        async request(asking: { method: string; params?: readonly unknown[] }) {
          if (asking.method === "eth_sendRawTransaction") await recordBefore(asking.params?.[0] as Hex);
          return client.request(asking as never);
        },
      },
      { retryCount: 0 },
    ),
  });
  signal.throwIfAborted();
  const { to, amount, token, purpose } = transfer;
  const payBy = (by: Grant) =>
    pay(wallet, {
      grant: by,
      to,
      amount,
      ...(token && { token }),
      ...(purpose !== undefined && { purpose }),
      ledger: {
        ...folder.ledger,
        append: (line) => {
          entry ??= line;
          return folder.ledger.append(line);
        },
      },
    });
  /** What the owner has allowed for just this payment. */
  let one: Grant | undefined;
  try {
    await payBy(grant).catch(async (error: unknown) => {
      if (!own && !isTaken) one = onePaymentFor(await folder.more.payments(), error);
      if (!one) throw error;
      return payBy(one);
    });
  } catch (error) {
    if (!isTaken) throw error;
  }
  if (own) {
    const outcome = await settle(session, path, own, false, signal);
    if (one) await folder.more.forgetPayment(one).catch(() => {});
    return outcome;
  }
  // The other process may have signed the very same bytes, so that nothing failed here: the movement is the other's all the same.
  const winner = await readRecord(path);
  if (!winner) throw new Error("a transaction was sent that was not recorded");
  if (entry) await closeEntry(session, entry, { status: "not settled", shownBy: "agent" });
  return resume(session, path, winner, asked, signal);
}

/** Goes on with the transaction that an idempotency key stands for. */
async function resume(
  session: OpenSession,
  path: string,
  known: Record,
  asked: string,
  signal: AbortSignal,
): Promise<TransferOutcome> {
  if (known.asked !== asked || known.chainId !== session.grant.chainId)
    throw new Refusal({
      code: "IDEMPOTENCY_KEY",
      shortMessage: "This idempotencyKey stands for another payment.",
      metaMessages: [
        "Nothing was sent. Use a new key for each payment, and the same input with the same key.",
      ],
    });
  if (known.outcome === "paid") return { hash: known.hash as Hash, isRepeated: true };
  if (known.outcome === "failed") throw notPaid(known);
  if (!(await receiptOf(session, known))) {
    const { client } = session;
    const mined = await getTransactionCount(client, { address: known.from as Address, blockTag: "latest" });
    // Nodes that have forgotten an old receipt show the same: nobody may pay again on their word.
    if (mined > known.nonce && !(await receiptOf(session, known)))
      throw unknown(
        known,
        "The key has sent other transactions since, and the node shows no receipt of this one.",
      );
    await sendRawTransaction(client, { serializedTransaction: known.raw as Hex }).catch((error: unknown) => {
      // The node has it already, or it was mined meanwhile: the receipt decides.
      if (!/already known|already imported|nonce too low|known transaction/i.test(String(error))) throw error;
    });
  }
  return settle(session, path, known, true, signal);
}

/** Waits for the receipt, and writes down what it shows. */
async function settle(
  session: OpenSession,
  path: string,
  record: Record,
  isRepeated: boolean,
  signal: AbortSignal,
): Promise<TransferOutcome> {
  const until = Date.now() + PATIENCE;
  let receipt = await receiptOf(session, record);
  while (!receipt) {
    if (signal.aborted || Date.now() > until)
      throw unknown(record, "The transaction was sent, and is not mined yet.");
    await new Promise((done) => setTimeout(done, Math.min(session.client.pollingInterval, 1000)));
    receipt = await receiptOf(session, record);
  }
  const isPaid = receipt.status === "success";
  await writePrivateFile(path, `${JSON.stringify({ ...record, outcome: isPaid ? "paid" : "failed" })}\n`, {
    replace: true,
  });
  if (record.entry)
    await closeEntry(session, record.entry as LedgerEntry, {
      transaction: record.hash as Hash,
      status: isPaid ? "settled" : "not settled",
      shownBy: "chain",
    });
  if (!isPaid) throw notPaid(record);
  return { hash: record.hash as Hash, isRepeated };
}

/** What became of a movement. The payment itself does not fail because the ledger cannot be written. */
const closeEntry = (
  { folder }: OpenSession,
  entry: LedgerEntry,
  outcome: Pick<LedgerEntry, "status" | "shownBy" | "transaction">,
): Promise<void> =>
  folder.ledger
    .append({ ...entry, ...outcome, closedAt: new Date().toISOString() })
    .catch((error: unknown) => console.error("The ledger lacks what became of a payment.", error));

async function receiptOf({ client }: OpenSession, { hash }: Record): Promise<TransactionReceipt | undefined> {
  try {
    return await getTransactionReceipt(client, { hash: hash as Hash });
  } catch (error) {
    if (error instanceof TransactionReceiptNotFoundError) return undefined;
    throw error;
  }
}

async function recordPath({ folder }: OpenSession, idempotencyKey: string): Promise<string> {
  const transfers = join(folder.dir, "transfers");
  await mkdir(transfers, { recursive: true, mode: 0o700 });
  return join(transfers, `${keccak256(toBytes(idempotencyKey)).slice(2)}.json`);
}

async function readRecord(path: string): Promise<Record | undefined> {
  const text = await readPrivate(path);
  if (text === undefined) return undefined;
  try {
    return recordSchema.parse(JSON.parse(text));
  } catch (cause) {
    // Never as if it were not there: it may have been paid.
    throw new Refusal({
      code: "STORE",
      shortMessage: "The file of this payment is damaged.",
      metaMessages: [
        "Nothing was sent. Look at the key's transactions before you pay with another idempotencyKey.",
      ],
      details: { path },
      cause,
    });
  }
}

/** What distinguishes one payment from another. */
const identityOf = ({ to, amount, token }: Transfer) =>
  JSON.stringify([to.toLowerCase(), amount, token?.toLowerCase() ?? null]);

const notPaid = ({ hash }: Record) =>
  new ToolFailure({
    code: "NOT_PAID",
    message: "The transaction was mined and failed: nothing was paid.",
    whatToDo: [
      "Look at get_limits: something else may have spent it first, or the session may have ended.",
      "To try again, use a new idempotencyKey.",
    ],
    retryable: false,
    transaction: hash,
  });

const unknown = ({ hash, from }: Record, shortMessage: string) =>
  new Refusal({
    code: "OUTCOME_UNKNOWN",
    shortMessage,
    metaMessages: ["Make the same call again, with the same idempotencyKey."],
    details: { hash, from },
  });
