import type { Chain, Client, Transport } from "viem";
import { ChainRefusal } from "../errors/ChainRefusal.ts";
import { decodeError } from "../errors/decodeError.ts";
import { isContractRefusal } from "../errors/isContractRefusal.ts";
import { isRefusal } from "../errors/isRefusal.ts";
import type { Refusal } from "../errors/Refusal.ts";
import { verifyGrant } from "../grant/verifyGrant.ts";
import type { GrantedAnswer } from "./HandoffAnswer.ts";
import { isCreated, tryTransaction } from "./tryTransaction.ts";

/**
 * Why an answer cannot be settled, as far as that can be told before any of its transactions is sent: whether the first that
 * is still to be sent succeeds. The later ones may need what that one does, and so may the grant.
 *
 * @returns Undefined if nothing is known against it, which a node that cannot be asked does not change.
 */
export async function settlementRefusal(
  client: Client<Transport, Chain | undefined>,
  { grant, transactions }: GrantedAnswer,
): Promise<Refusal | undefined> {
  let tried: unknown;
  try {
    for (const transaction of transactions) {
      if (await isCreated(client, transaction, grant)) continue;
      try {
        await tryTransaction(client, transaction, grant);
        return undefined;
      } catch (error) {
        if (!isCertain(error)) return undefined;
        tried = error;
        break;
      }
    }
    // All that was to be sent may have been, by somebody else.
    const verdict = await verifyGrant(client, grant);
    if (verdict.valid || verdict.reason.code === "NOT_YET_VALID") return undefined;
    return tried === undefined ? verdict.reason : decodeError(tried);
  } catch {
    return undefined;
  }
}

/** Whether an error is about the transaction, and not about a node that is busy, lags behind or has no gas for a trial. */
const isCertain = (error: unknown): boolean =>
  isRefusal(error, "INVALID_ANSWER") ||
  isContractRefusal(error) ||
  (error instanceof ChainRefusal && error.code !== "UNKNOWN");
