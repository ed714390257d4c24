import type { Account, Chain, Client, Hash, Transport } from "viem";
import { encodeExecute } from "../encoding/encodeExecute.ts";
import type { Grant } from "../grant/Grant.ts";
import { requireGrantChain } from "../grant/requireGrantChain.ts";
import { sessionIn } from "../grant/sessionIn.ts";
import { type CallRequest, type EncodedCall, toCalls } from "../session/CallRequest.ts";
import { hashSession } from "../session/hashSession.ts";
import type { Call } from "../session/Session.ts";
import { sessionState } from "../session/sessionState.ts";
import { executionRefusal } from "./executionRefusal.ts";
import { type LedgerParameters, sendRecorded } from "./ledger/sendRecorded.ts";
import { requireKey } from "./requireKey.ts";

/**
 * Makes the account execute calls, in order, all or none, in a transaction of the session's key. The transaction is
 * simulated first, so a refusal costs no gas.
 *
 * @param client A wallet client of the session's key; the key pays the gas.
 * @param parameters.calls The calls of the account: payments within the budgets, and the session's actions.
 * @param parameters.ledger Records each call, see {@link Ledger}; `purpose` is its own word for what they are for.
 * @returns The transaction's hash, as soon as it is sent. Between the simulation and the block that includes it, other
 * uses of the session may have spent what it needs: wait for the receipt and check its status.
 * @throws {Refusal} The chain's reason: PER_TRANSACTION, PERIOD, LOT_OPENED, RECIPIENT, EXPIRED, REVOKED, PAUSED, NOT_GRANTED…;
 * PERIOD and LOT_OPENED have what would be accepted in `details.remaining`, and until when in `details.resetsAt`. Before
 * that EMPTY_BATCH, INVALID_ADDRESS, NOT_KEY and WRONG_CHAIN; NETWORK if the node could not be reached, and nothing was sent;
 * OUTCOME_UNKNOWN if the connection failed while sending: check before you pay again.
 */
export async function execute(
  client: Client<Transport, Chain | undefined, Account>,
  parameters: { grant: Grant; calls: readonly CallRequest[] } & LedgerParameters,
): Promise<Hash> {
  const { grant, calls } = parameters;
  return sendAsKey(client, { ...parameters, kind: "execute", calls: () => toCalls(calls) }, (isEnabled) =>
    encodeExecute({ grant, calls, isEnabled }),
  );
}

/**
 * Sends a transaction of the session's key.
 *
 * @param recorded What a ledger has of it; `calls` is called once the transaction was encoded, which has checked them.
 * @param encode The call, for a session that is enabled or not.
 */
export async function sendAsKey(
  client: Client<Transport, Chain | undefined, Account>,
  recorded: LedgerParameters & { grant: Grant; kind: "pay" | "execute"; calls: () => readonly Call[] },
  encode: (isEnabled: boolean) => EncodedCall,
): Promise<Hash> {
  const { grant } = recorded;
  const session = sessionIn(grant);
  requireKey(client, session);
  await requireGrantChain(client, grant);
  const id = hashSession(session);
  const state = await sessionState(client, { module: grant.module, id, account: session.account });
  const transaction = encode(state === "ENABLED");
  const calls = recorded.calls();
  try {
    return await sendRecorded(client, transaction, { ...recorded, calls });
  } catch (error) {
    throw await executionRefusal(client, grant, error, calls);
  }
}
