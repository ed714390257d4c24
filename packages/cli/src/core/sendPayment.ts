import { type LedgerEntry, Refusal, readLedger } from "@latchkey/sdk";
import { type Address, type Hash, isAddressEqual, parseUnits, zeroAddress } from "viem";
import { waitForTransactionReceipt } from "viem/actions";
import { CommandError } from "./CommandError.ts";
import type { ConnectParameters } from "./connection.ts";
import { EXIT } from "./exitCodes.ts";
import { rememberRefusal } from "./lastRefusal.ts";
import { type OpenSession, openSession } from "./openSession.ts";
import { requireGas } from "./requireGas.ts";

/** What {@link sendPayment} takes. */
export type SendPaymentParameters = ConnectParameters & {
  to: Address;
  /** In whole tokens. */
  amount: string;
  /** May be omitted if the session has one budget. */
  token?: "usdc" | "native" | Address | undefined;
  purpose?: string | undefined;
  /** Pays although the outcome of an equal payment is not known. */
  again?: boolean | undefined;
  signal: AbortSignal;
  note(text: string): void;
};

/** A payment that was mined. */
export type SentPayment = {
  transaction: Hash;
  to: Address;
  amount: string;
  symbol?: string;
  /** Whether an earlier command has sent it, and was interrupted before it was mined. */
  resumed: boolean;
};

/**
 * Pays by a transaction of the key, and waits until it is mined. If an equal payment was sent and its outcome is not known, as
 * the command was interrupted, that one is waited for instead: nothing is paid twice.
 *
 * @throws {CommandError} OUTCOME_UNKNOWN: it may have been paid; CALL_FAILED: it was mined and reverted; INTERRUPTED
 * @throws {Refusal} As pay.
 */
export async function sendPayment(parameters: SendPaymentParameters): Promise<SentPayment> {
  const { to, amount, token, purpose, again = false, signal, note } = parameters;
  const session = await openSession(parameters);
  const { agent } = session;
  if (!again) {
    const open = await openEntry(session, parameters);
    if (open) {
      note("An equal payment was sent before, and its outcome was not known. Waiting for that one …");
      return settleEntry(session, open, signal);
    }
  }
  await requireGas(session.client, agent.key.address);
  signal.throwIfAborted();
  const known = new Set((await readLedger(agent.ledger)).entries.map(({ id }) => id));
  const paying = agent.pay({
    to,
    amount,
    ...(token === undefined ? {} : { token }),
    ...(purpose === undefined ? {} : { purpose }),
  });
  const own = async () => {
    const { entries } = await readLedger(agent.ledger);
    return entries.findLast((one) => !known.has(one.id) && one.kind === "pay");
  };
  const stopped = new Promise<never>((_, stop) => {
    const abort = () =>
      own().then(
        (entry) =>
          stop(
            entry
              ? unknown(entry)
              : new CommandError({
                  code: "INTERRUPTED",
                  exitCode: EXIT.interrupted,
                  message: "Interrupted.",
                  whatToDo: ["The same command does not pay twice."],
                }),
          ),
        stop,
      );
    signal.addEventListener("abort", abort, { once: true });
  });
  // Whichever loses is not heard any more.
  for (const one of [paying, stopped]) one.catch(() => {});
  const transaction = await Promise.race([paying, stopped]).catch(async (error: unknown) => {
    throw await rememberRefusal(parameters.folder, error);
  });
  const { symbol } = (await own()) ?? {};
  return { transaction, to, amount, ...(symbol === undefined ? {} : { symbol }), resumed: false };
}

/** An equal payment of this session that was begun, and of which nobody knows what became. */
async function openEntry(
  { agent }: OpenSession,
  { to, amount, token }: SendPaymentParameters,
): Promise<LedgerEntry | undefined> {
  const { entries } = await readLedger(agent.ledger);
  return entries.findLast(
    (one) =>
      one.kind === "pay" &&
      one.status === "open" &&
      one.chainId === agent.grant.chainId &&
      isAddressEqual(one.to, to) &&
      one.units === unitsOf(amount, one.decimals) &&
      (token === undefined ||
        isAddressEqual(one.token ?? zeroAddress, token === "native" ? zeroAddress : tokenOf(one, token))),
  );
}

const unitsOf = (amount: string, decimals: number | undefined): string | undefined =>
  decimals === undefined || !/^\d+(\.\d+)?$/.test(amount) ? undefined : String(parseUnits(amount, decimals));

/** "usdc" stands for the token of whichever entry calls itself so. */
const tokenOf = ({ symbol, token = zeroAddress }: LedgerEntry, named: string): Address =>
  named === "usdc" ? (symbol === "USDC" ? token : zeroAddress) : (named as Address);

/** Waits for a payment that an earlier command has sent, and writes down what became of it. */
async function settleEntry(
  { agent, client }: OpenSession,
  entry: LedgerEntry,
  signal: AbortSignal,
): Promise<SentPayment> {
  const { transaction, to, amount = "", symbol } = entry;
  if (transaction === undefined) throw unknown(entry);
  const aborted = new Promise<never>((_, stop) =>
    signal.addEventListener("abort", () => stop(unknown(entry)), { once: true }),
  );
  aborted.catch(() => {});
  const receipt = await Promise.race([
    waitForTransactionReceipt(client, { hash: transaction, timeout: 60_000 }).catch(() => undefined),
    aborted,
  ]);
  if (!receipt) throw unknown(entry);
  const isPaid = receipt.status === "success";
  const status = isPaid ? "settled" : "not settled";
  await agent.ledger.append({ ...entry, status, shownBy: "chain", closedAt: new Date().toISOString() });
  if (!isPaid)
    throw new Refusal({
      code: "CALL_FAILED",
      shortMessage: "The payment that was sent before reverted; nothing was paid.",
      metaMessages: ["The same command now makes a new one."],
      details: { hash: transaction },
    });
  return { transaction, to, amount, ...(symbol === undefined ? {} : { symbol }), resumed: true };
}

const unknown = ({ transaction, at, amount, symbol, to }: LedgerEntry) =>
  new CommandError({
    code: "OUTCOME_UNKNOWN",
    exitCode: EXIT.outcomeUnknown,
    message: transaction
      ? `${amount} ${symbol} to ${to} was sent and is not mined yet: transaction ${transaction}.`
      : `${amount} ${symbol} to ${to} was begun at ${at}, and may have been sent: no transaction is known.`,
    whatToDo: transaction
      ? ["The same command waits for this transaction, and does not pay twice."]
      : ["Look at the transactions of the key. If it was not sent, pass --again."],
    details: transaction ? { transaction } : { at },
  });
