import type { Account, Chain, Client, Hash, Transport } from "viem";
import { encodeRenounce } from "../encoding/encodeRenounce.ts";
import type { Grant, Proposal } from "../grant/Grant.ts";
import { requireGrantChain } from "../grant/requireGrantChain.ts";
import { sessionIn } from "../grant/sessionIn.ts";
import { sendOnce } from "../internal/sendOnce.ts";
import { requireKey } from "./requireKey.ts";

/**
 * Gives a session back, for ever, as a transaction of its own key: when the work is done, or when the key may have
 * leaked. No owner is needed, and it works in every state, also before the grant was ever used.
 *
 * @param client A wallet client of the session's key; the key pays the gas.
 * @returns The transaction's hash. The session works until that is mined: wait for the receipt.
 * @throws {Refusal} NOT_KEY and WRONG_CHAIN before the module is asked; else the chain's reason; NETWORK if the chain could
 * not be asked, and nothing was sent; OUTCOME_UNKNOWN if the connection failed while sending. Doing it twice does no harm.
 */
export async function renounceSession(
  client: Client<Transport, Chain | undefined, Account>,
  { grant }: { grant: Grant | Proposal },
): Promise<Hash> {
  requireKey(client, sessionIn(grant));
  await requireGrantChain(client, grant);
  return sendOnce(client, encodeRenounce(grant));
}
