import type { Chain, Client, Transport } from "viem";
import { isAddressEqual } from "viem";
import { ChainRefusal } from "../errors/ChainRefusal.ts";
import { decodeError } from "../errors/decodeError.ts";
import { type DetailsByCode, isRefusal } from "../errors/isRefusal.ts";
import type { Refusal } from "../errors/Refusal.ts";
import { utcText } from "../errors/utcText.ts";
import { sessionModuleAbi } from "../generated/abis/sessionModuleAbi.ts";
import type { Grant } from "../grant/Grant.ts";
import { sessionIn } from "../grant/sessionIn.ts";
import { readContract } from "../internal/chainActions.ts";
import { encodeSession } from "../session/packSession.ts";

/**
 * The refusal that an error of an execution means. The contract's LOT_OPENED names a lot only: what executions may still
 * spend, and until when, is asked of the chain and added.
 *
 * @returns Of LOT_OPENED, `details.remaining` and `details.resetsAt`, unless the chain cannot be asked for them.
 */
export async function executionRefusal(
  client: Client<Transport, Chain | undefined>,
  grant: Grant,
  error: unknown,
): Promise<Refusal> {
  const refusal = decodeError(error);
  if (!(refusal instanceof ChainRefusal) || !isRefusal(refusal, "LOT_OPENED")) return refusal;
  const { token, lot } = refusal.details as DetailsByCode["LOT_OPENED"];
  const session = sessionIn(grant);
  const index = session.budgets.findIndex((budget) => isAddressEqual(budget.token, token));
  const budget = session.budgets[index];
  if (!budget) return refusal;
  const standing = await readContract(client, {
    address: grant.module,
    abi: sessionModuleAbi,
    functionName: "budgetOf",
    args: [encodeSession(session), BigInt(index)],
  }).catch(() => undefined);
  if (!standing) return refusal;
  const [, , spent, end] = standing;
  // Executions take lots from the last one down, and may use what lies above the first that a payment has opened.
  const above = budget.perPeriod - spent - (lot + 1n) * budget.perTransaction;
  const remaining = above > 0n ? above : 0n;
  const resetsAt = Number(end);
  const { shortMessage, errorName, revertData, cause } = refusal;
  return new ChainRefusal({
    code: "LOT_OPENED",
    shortMessage,
    metaMessages: [
      `Ask for at most ${remaining} base units, pay by signature, or wait until ${utcText(resetsAt)}.`,
    ],
    details: { token, lot, remaining, resetsAt },
    errorName,
    revertData,
    cause,
  });
}
