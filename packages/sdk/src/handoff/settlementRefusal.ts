import type { Chain, Client, Transport } from "viem";
import { ChainRefusal } from "../errors/ChainRefusal.ts";
import { decodeError } from "../errors/decodeError.ts";
import { isContractRefusal } from "../errors/isContractRefusal.ts";
import { isRefusal } from "../errors/isRefusal.ts";
import type { Refusal } from "../errors/Refusal.ts";
import { verifyGrant } from "../grant/verifyGrant.ts";
import type { GrantedAnswer } from "./HandoffAnswer.ts";
import { replacementIn, replacementRefusal } from "./replacementIn.ts";
import { isCreated, tryTransaction } from "./tryTransaction.ts";

/**
 * Why an answer cannot be settled, as far as that is known before any of its transactions is sent: whether the first that
 * is still to be sent succeeds. The later ones may depend on it, and so may the grant.
 *
 * @returns Undefined if there is no known reason, also if the node cannot be reached.
 */
export async function settlementRefusal(
  client: Client<Transport, Chain | undefined>,
  { grant, transactions }: Pick<GrantedAnswer, "grant" | "transactions">,
): Promise<Refusal | undefined> {
  const replacement = replacementIn({ grant, transactions });
  let tried: unknown;
  try {
    for (const transaction of transactions) {
      if (await isCreated(client, transaction, grant)) continue;
      try {
        await tryTransaction(client, transaction, grant);
        return undefined;
      } catch (error) {
        tried = error;
        break;
      }
    }
    // Someone else may have sent everything.
    const verdict = await verifyGrant(client, grant);
    if (verdict.valid || verdict.reason.code === "NOT_YET_VALID") return undefined;
    if (tried === undefined) return verdict.reason;
    // Not every Safe says that a guard failed.
    const spent = replacement && (await replacementRefusal(client, grant, replacement, tried));
    return spent ?? (isCertain(tried) ? decodeError(tried) : undefined);
  } catch {
    return undefined;
  }
}

/** Whether an error is about the transaction, not about a node that is busy, lags behind or limits the simulation's gas. */
const isCertain = (error: unknown): boolean =>
  isRefusal(error, "INVALID_ANSWER") ||
  isContractRefusal(error) ||
  (error instanceof ChainRefusal && error.code !== "UNKNOWN");
