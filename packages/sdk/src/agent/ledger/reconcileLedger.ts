import { type Chain, type Client, type Hash, type Transport, zeroAddress } from "viem";
import { isRefusal } from "../../errors/isRefusal.ts";
import { getChainId, getTransactionReceipt } from "../../internal/chainActions.ts";
import { authorizationFate } from "../x402/authorizationFate.ts";
import type { Ledger, LedgerEntry } from "./Ledger.ts";
import { paidFields } from "./ledgerAmount.ts";
import { readLedger } from "./readLedger.ts";

/**
 * Looks up on the chain what became of movements whose outcome only a merchant or nobody has shown, and adds it to the
 * ledger: after a crash, after an answer that was lost, and before accounts are closed. Entries of other chains are left alone.
 * So is a payment that may still settle, and one whose nonce was used before the blocks that are searched.
 *
 * @param client Any viem client of the chain.
 * @param options.fromBlock A block before the payments, where the search for those that settled begins. Default: 10,000 blocks
 * back, which are hours, and less than one where blocks come several times a second.
 * @returns The entries for which an outcome was added.
 * @throws {Refusal} NETWORK; STORE
 */
export async function reconcileLedger(
  client: Client<Transport, Chain | undefined>,
  ledger: Ledger,
  { fromBlock }: { fromBlock?: bigint } = {},
): Promise<LedgerEntry[]> {
  const chainId = await getChainId(client);
  const { entries } = await readLedger(ledger);
  const closed: LedgerEntry[] = [];
  for (const entry of entries) {
    if (entry.chainId !== chainId || (entry.status !== "open" && entry.shownBy !== "merchant")) continue;
    const outcome = await (entry.authorization ? paymentOutcome : transactionOutcome)(
      client,
      entry,
      fromBlock,
    );
    if (!outcome) continue;
    const { transaction: _, paidAmount: __, paidUnits: ___, ...rest } = entry;
    const line = { ...rest, ...outcome, shownBy: "chain", closedAt: new Date().toISOString() } as const;
    await ledger.append(line);
    closed.push(line);
  }
  return closed;
}

type Outcome = Pick<LedgerEntry, "paidAmount" | "paidUnits"> & {
  status: "settled" | "not settled";
  transaction?: Hash;
};

async function paymentOutcome(
  client: Client<Transport, Chain | undefined>,
  { account: from, session, to, units = "", token = zeroAddress, decimals = 0, authorization }: LedgerEntry,
  fromBlock: bigint | undefined,
): Promise<Outcome | undefined> {
  if (!authorization) return undefined;
  const signed = { from, to, session, value: units, ...authorization };
  const { fate, chainTime, transaction, moved } = await authorizationFate(client, {
    token,
    authorization: signed,
    fromBlock,
  });
  if (fate === "settled")
    return {
      status: "settled",
      ...(transaction && { transaction }),
      ...(authorization.method === "permit2-upto" && moved !== undefined && paidFields(moved, decimals)),
    };
  const isOver = fate === "void" || (fate === "unused" && chainTime >= Number(signed.validBefore));
  return isOver ? { status: "not settled" } : undefined;
}

async function transactionOutcome(
  client: Client<Transport, Chain | undefined>,
  { transaction }: LedgerEntry,
): Promise<Outcome | undefined> {
  if (!transaction) return undefined;
  try {
    const { status } = await getTransactionReceipt(client, { hash: transaction });
    return { status: status === "success" ? "settled" : "not settled", transaction };
  } catch (error) {
    // It is not in a block yet.
    if (isRefusal(error, "NETWORK")) throw error;
    return undefined;
  }
}
