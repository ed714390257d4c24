import type { Account, Chain, Client, Hash, Transport } from "viem";
import { encodeExecuteSigned } from "../encoding/encodeExecuteSigned.ts";
import type { SignedExecution } from "../encoding/signExecution.ts";
import type { Grant } from "../grant/Grant.ts";
import { requireGrantChain } from "../grant/requireGrantChain.ts";
import { sessionIn } from "../grant/sessionIn.ts";
import { hashSession } from "../session/hashSession.ts";
import { sessionState } from "../session/sessionState.ts";
import { executionRefusal } from "./executionRefusal.ts";
import { type LedgerParameters, sendRecorded } from "./ledger/sendRecorded.ts";

/**
 * Submits an execution that the session's key has signed, and pays its gas. The transaction is simulated first,
 * so a refusal costs no gas.
 *
 * @param client A wallet client of the caller that the key named, or of anyone if it allowed anyone.
 * @param parameters.signed From {@link signExecution}.
 * @param parameters.ledger As for {@link execute}.
 * @returns The transaction's hash, as soon as it is sent: wait for the receipt and check its status. If anyone may
 * submit it, someone else may be first: NONCE_USED.
 * @throws {Refusal} As {@link execute}, except NOT_KEY; also CALLER_NOT_ALLOWED, DEADLINE_PASSED, NONCE_USED,
 * INVALID_KEY_SIGNATURE.
 */
export async function executeSigned(
  client: Client<Transport, Chain | undefined, Account>,
  { grant, signed, ...recorded }: { grant: Grant; signed: SignedExecution } & LedgerParameters,
): Promise<Hash> {
  const session = sessionIn(grant);
  await requireGrantChain(client, grant);
  const id = hashSession(session);
  const state = await sessionState(client, { module: grant.module, id, account: session.account });
  try {
    const transaction = encodeExecuteSigned({ grant, signed, isEnabled: state === "ENABLED" });
    const { calls } = signed;
    return await sendRecorded(client, transaction, { ...recorded, grant, kind: "executeSigned", calls });
  } catch (error) {
    throw await executionRefusal(client, grant, error, signed?.calls ?? []);
  }
}
