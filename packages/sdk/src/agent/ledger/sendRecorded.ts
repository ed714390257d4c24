import { type Account, type Chain, type Client, type Hash, isAddressEqual, type Transport } from "viem";
import { isRefusal } from "../../errors/isRefusal.ts";
import type { Grant } from "../../grant/Grant.ts";
import { sessionIn } from "../../grant/sessionIn.ts";
import { sendOnce } from "../../internal/sendOnce.ts";
import type { EncodedCall } from "../../session/CallRequest.ts";
import { hashSession } from "../../session/hashSession.ts";
import type { Call } from "../../session/Session.ts";
import { movementOf } from "../movementOf.ts";
import type { Ledger, LedgerEntry } from "./Ledger.ts";
import { ledgerAmount } from "./ledgerAmount.ts";
import { refuseUnwritten } from "./refuseUnwritten.ts";

/** Where a movement by transaction is written down. */
export type LedgerParameters = {
  /** Has a line for each payment and call, before the transaction is sent and after. */
  ledger?: Ledger;
  /** What it is for, for the ledger. */
  purpose?: string;
};

/**
 * Sends a transaction as {@link sendOnce} does, and writes its calls down: before it is sent, and its hash afterwards. It stays
 * open, as only its receipt shows whether it succeeded.
 *
 * @throws {Refusal} As {@link sendOnce}; STORE: the ledger cannot be written, and nothing was sent.
 */
export async function sendRecorded(
  client: Client<Transport, Chain | undefined, Account>,
  transaction: EncodedCall,
  recorded: LedgerParameters & { grant: Grant; kind: LedgerEntry["kind"]; calls: readonly Call[] },
): Promise<Hash> {
  const { ledger } = recorded;
  if (!ledger) return sendOnce(client, transaction);
  const written: LedgerEntry[] = [];
  // The transaction is sent by then: what cannot be written shows as open.
  const addLater = async (more: Partial<LedgerEntry>) => {
    try {
      for (const entry of written) await ledger.append({ ...entry, ...more });
    } catch (error) {
      console.error("The ledger lacks what became of a transaction.", error);
    }
  };
  try {
    const hash = await sendOnce(client, transaction, async () => {
      for (const entry of await entriesOf(client, recorded)) {
        await ledger.append(entry).catch((cause: unknown) => {
          throw refuseUnwritten(cause);
        });
        written.push(entry);
      }
    });
    await addLater({ transaction: hash });
    return hash;
  } catch (error) {
    if (!isRefusal(error, "OUTCOME_UNKNOWN"))
      await addLater({ status: "not settled", shownBy: "agent", closedAt: new Date().toISOString() });
    else if (error.details.hash) await addLater({ transaction: error.details.hash as Hash });
    throw error;
  }
}

async function entriesOf(
  client: Client<Transport, Chain | undefined>,
  { grant, kind, calls, purpose }: Parameters<typeof sendRecorded>[2],
): Promise<LedgerEntry[]> {
  const session = sessionIn(grant);
  const { chainId } = grant;
  const id = globalThis.crypto.randomUUID();
  return Promise.all(
    calls.map(async (call, place) => {
      const { to, token, units, what } = movementOf(call);
      const budget = session.budgets.findIndex((each) => token && isAddressEqual(each.token, token));
      return {
        id: calls.length === 1 ? id : `${id}/${place}`,
        kind,
        status: "open",
        at: new Date().toISOString(),
        what,
        ...(purpose !== undefined && { purpose: `${purpose}` }),
        chainId,
        account: session.account,
        session: hashSession(session),
        ...(budget >= 0 && { budget }),
        to,
        ...(token && (await ledgerAmount(client, { token, units, chainId }))),
      };
    }),
  );
}
