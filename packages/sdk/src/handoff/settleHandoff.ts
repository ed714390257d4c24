import { type Account, type Chain, type Client, type Transport, zeroAddress } from "viem";
import { amountText } from "../errors/amountText.ts";
import { InvalidInput } from "../errors/InvalidInput.ts";
import { Refusal } from "../errors/Refusal.ts";
import type { Grant } from "../grant/Grant.ts";
import { verifyGrant } from "../grant/verifyGrant.ts";
import {
  estimateGas,
  getBalance,
  getGasPrice,
  sendTransaction,
  waitForTransactionReceipt,
} from "../internal/chainActions.ts";
import { parseAddress } from "../internal/parseAddress.ts";
import { parseHex } from "../internal/parseHex.ts";
import { parseList } from "../internal/parseList.ts";
import { declined } from "./declined.ts";
import type { HandoffAnswer, HandoffTransaction } from "./HandoffAnswer.ts";
import { invalidAnswer } from "./invalidAnswer.ts";
import { replacementIn, replacementRefusal, requireRevoked } from "./replacementIn.ts";
import { isCreated, tryTransaction } from "./tryTransaction.ts";

/** Several times what the creation of a Safe with a passkey needs where a contract verifies the passkey. */
const MOST_GAS = 3_000_000n;

/**
 * Settles an answer: sends its transactions, in order, unless someone else has, and verifies on the
 * chain that the account accepts the grant.
 *
 * A transaction is sent only if it succeeds from any sender, as the answer claims: one
 * that depends on its sender (who owns the Safe that it names, for example) is refused. An answer that replaces a session
 * is settled only once the old one is revoked.
 *
 * @param client Of the grant's chain.
 * @param answer From {@link parseHandoffAnswer}, which checks the transactions.
 * @param parameters.sender Pays the gas; can be anyone, as the transactions carry their own authority. Default: the client's
 * account.
 * @param parameters.mostGas Of one transaction. Default: 3,000,000.
 * @returns The verified grant; also one that has not started yet.
 * @throws {Refusal} DECLINED; NO_GAS: the sender cannot pay, so fund it and call this again;
 * INVALID_ANSWER: a transaction costs too much, creates another account, or left the old session valid; SPENT_MEANWHILE: the old
 * session has paid since the owner looked, so that nothing was replaced and it stays valid; or the reason of the chain or
 * {@link verifyGrant}.
 */
export async function settleHandoff(
  client: Client<Transport, Chain | undefined, Account | undefined>,
  answer: HandoffAnswer,
  parameters: { sender?: Account; mostGas?: bigint } = {},
): Promise<Grant> {
  if (answer.status === "declined") throw declined();
  const { grant } = answer;
  const transactions = parseList(answer.transactions, "transactions", ({ to, data, value }, path) => ({
    to: parseAddress(to, `${path}.to`),
    data: parseHex(data, `${path}.data`),
    value,
  }));
  const { sender = client.account, mostGas = MOST_GAS } = parameters;
  const replacement = replacementIn({ grant, transactions });
  const requireReplaced = async () => {
    if (replacement) await requireRevoked(client, grant, replacement.revoked);
    return grant;
  };
  for (const transaction of transactions) {
    if ((await verifyGrant(client, grant)).valid) return requireReplaced();
    if (!sender)
      throw new InvalidInput({
        code: "INVALID_SIGNER",
        shortMessage: "There is no sender for the answer's transactions.",
        metaMessages: ["Use a client with an account, or pass a sender."],
      });
    try {
      await settle(client, transaction, { grant, sender, mostGas });
    } catch (error) {
      throw (replacement && (await replacementRefusal(client, grant, replacement, error))) ?? error;
    }
  }
  const verdict = await verifyGrant(client, grant);
  if (verdict.valid || verdict.reason.code === "NOT_YET_VALID") return requireReplaced();
  throw verdict.reason;
}

async function settle(
  client: Client<Transport, Chain | undefined>,
  transaction: HandoffTransaction,
  { grant, sender, mostGas }: { grant: Grant; sender: Account; mostGas: bigint },
): Promise<void> {
  if (await isCreated(client, transaction, grant)) return;
  const { to, data } = transaction;
  /** Whether someone else was faster: then the failure does not matter. */
  const isDone = async () => (await verifyGrant(client, grant)).valid;
  try {
    await tryTransaction(client, transaction, grant);
  } catch (error) {
    if (await isDone()) return;
    throw error;
  }
  const gas = await estimateGas(client, { account: sender, to, data });
  if (gas > mostGas)
    throw invalidAnswer(`The answer contains a transaction of ${gas} gas; the limit is ${mostGas}.`);
  await requireGas(client, sender, gas);
  try {
    const hash = await sendTransaction(client, {
      account: sender,
      chain: client.chain ?? null,
      to,
      data,
      gas: (gas * 6n) / 5n,
    });
    const { status } = await waitForTransactionReceipt(client, { hash });
    if (status === "success" || (await isDone())) return;
  } catch (error) {
    if (await isDone()) return;
    throw error;
  }
  throw new Refusal({
    code: "CALL_FAILED",
    shortMessage: "A transaction of the answer reverted.",
    metaMessages: ["Call settleHandoff again: someone else may have been faster, or the account changed."],
    details: { to },
  });
}

/** @throws {Refusal} NO_GAS */
async function requireGas(
  client: Client<Transport, Chain | undefined>,
  { address }: Account,
  gas: bigint,
): Promise<void> {
  const [balance, price] = await Promise.all([getBalance(client, { address }), getGasPrice(client)]);
  const needed = ((gas * 6n) / 5n) * price;
  if (balance >= needed) return;
  const unit = client.chain?.nativeCurrency;
  throw new Refusal({
    code: "NO_GAS",
    shortMessage: `${address} has ${amountText(balance, zeroAddress, unit)} and needs ${amountText(needed, zeroAddress, unit)} for a transaction.`,
    metaMessages: ["Fund it, or send the transactions from any other account; then try again."],
    details: { address, balance, needed },
  });
}
