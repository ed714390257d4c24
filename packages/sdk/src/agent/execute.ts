import type { Account, Chain, Client, Hash, Transport } from "viem";
import { encodeExecute } from "../encoding/encodeExecute.ts";
import type { Grant } from "../grant/Grant.ts";
import { requireGrantChain } from "../grant/requireGrantChain.ts";
import { sessionIn } from "../grant/sessionIn.ts";
import { sendOnce } from "../internal/sendOnce.ts";
import type { CallRequest, EncodedCall } from "../session/CallRequest.ts";
import { hashSession } from "../session/hashSession.ts";
import { sessionState } from "../session/sessionState.ts";
import { executionRefusal } from "./executionRefusal.ts";
import { requireKey } from "./requireKey.ts";

/**
 * Makes the account perform calls, in order, all or none, as a transaction of the session's key. The chain is asked
 * first whether it would accept them, so a refusal costs no gas.
 *
 * @param client A wallet client of the session's key; the key pays the gas.
 * @param parameters.calls What the account is to do: payments within the budgets, and the session's actions.
 * @returns The transaction's hash, as soon as it is sent. Between the question and the block that includes it, other
 * uses of the session may have spent what it needs: wait for the receipt and look at its status.
 * @throws {Refusal} As the chain says: PER_TRANSACTION, PERIOD, LOT_OPENED, RECIPIENT, EXPIRED, REVOKED, PAUSED, NOT_GRANTED…;
 * PERIOD and LOT_OPENED say in `details.remaining` how much would be accepted, and in `details.resetsAt` until when. Before
 * that EMPTY_BATCH, INVALID_ADDRESS, NOT_KEY and WRONG_CHAIN; NETWORK if the chain could not be asked, and nothing was sent;
 * OUTCOME_UNKNOWN if the connection failed while sending: look before you pay again.
 */
export async function execute(
  client: Client<Transport, Chain | undefined, Account>,
  parameters: { grant: Grant; calls: readonly CallRequest[] },
): Promise<Hash> {
  const { grant, calls } = parameters;
  return sendAsKey(client, grant, (isEnabled) => encodeExecute({ grant, calls, isEnabled }));
}

/**
 * Sends what the session's key is to send.
 *
 * @param encode The call, for a session that is enabled or not.
 */
export async function sendAsKey(
  client: Client<Transport, Chain | undefined, Account>,
  grant: Grant,
  encode: (isEnabled: boolean) => EncodedCall,
): Promise<Hash> {
  const session = sessionIn(grant);
  requireKey(client, session);
  await requireGrantChain(client, grant);
  const id = hashSession(session);
  const state = await sessionState(client, { module: grant.module, id, account: session.account });
  const transaction = encode(state === "ENABLED");
  try {
    return await sendOnce(client, transaction);
  } catch (error) {
    throw await executionRefusal(client, grant, error);
  }
}
