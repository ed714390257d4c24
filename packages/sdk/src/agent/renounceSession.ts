import type { Account, Chain, Client, Hash, Transport } from "viem";
import { encodeRenounce } from "../encoding/encodeRenounce.ts";
import type { Grant, Proposal } from "../grant/Grant.ts";
import { requireGrantChain } from "../grant/requireGrantChain.ts";
import { sessionIn } from "../grant/sessionIn.ts";
import { sendOnce } from "../internal/sendOnce.ts";
import { requireKey } from "./requireKey.ts";

/**
 * Permanently renounces a session, in a transaction of its own key: when the work is done, or when the key may have
 * leaked. Needs no owner, and works in every state, also before the grant is first used.
 *
 * @param client A wallet client of the session's key; the key pays the gas.
 * @returns The transaction's hash. The session stays usable until it is mined: wait for the receipt.
 * @throws {Refusal} NOT_KEY and WRONG_CHAIN before the module is called; otherwise the chain's reason; NETWORK if the node
 * could not be reached, and nothing was sent; OUTCOME_UNKNOWN if the connection failed while sending. Doing it twice is harmless.
 */
export async function renounceSession(
  client: Client<Transport, Chain | undefined, Account>,
  { grant }: { grant: Grant | Proposal },
): Promise<Hash> {
  requireKey(client, sessionIn(grant));
  await requireGrantChain(client, grant);
  return sendOnce(client, encodeRenounce(grant));
}
