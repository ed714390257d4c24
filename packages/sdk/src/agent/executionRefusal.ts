import type { Address, Chain, Client, Transport } from "viem";
import { isAddressEqual } from "viem";
import { amountText } from "../errors/amountText.ts";
import { ChainRefusal } from "../errors/ChainRefusal.ts";
import { decodeError } from "../errors/decodeError.ts";
import { errorText } from "../errors/errorText.ts";
import { type DetailsByCode, isRefusal } from "../errors/isRefusal.ts";
import type { Refusal } from "../errors/Refusal.ts";
import { readableValues } from "../errors/readableValues.ts";
import { utcText } from "../errors/utcText.ts";
import { sessionModuleAbi } from "../generated/abis/sessionModuleAbi.ts";
import type { Grant } from "../grant/Grant.ts";
import { sessionIn } from "../grant/sessionIn.ts";
import { readContract } from "../internal/chainActions.ts";
import { readTokenUnit } from "../internal/readTokenUnit.ts";
import { encodeSession } from "../session/packSession.ts";

/**
 * The refusal for an error of an execution, with its amounts in the token's unit. The contract's LOT_OPENED only names a
 * lot: what executions may still spend, and until when, is read from the chain and added.
 *
 * @returns For LOT_OPENED with `details.remaining` and `details.resetsAt`, unless the node cannot be reached.
 */
export async function executionRefusal(
  client: Client<Transport, Chain | undefined>,
  grant: Grant,
  error: unknown,
): Promise<Refusal> {
  const refusal = decodeError(error);
  if (!(refusal instanceof ChainRefusal)) return refusal;
  if (!isRefusal(refusal, "LOT_OPENED")) return withUnit(client, grant, refusal);
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
  // Executions use lots from the last one down, and may use those above the first that a payment has opened.
  const above = budget.perPeriod - spent - (lot + 1n) * budget.perTransaction;
  const remaining = above > 0n ? above : 0n;
  const resetsAt = Number(end);
  const unit = await readTokenUnit(client, token, grant.chainId, "token").catch(() => undefined);
  const { shortMessage, errorName, revertData, cause } = refusal;
  return new ChainRefusal({
    code: "LOT_OPENED",
    shortMessage,
    metaMessages: [
      `Pay at most ${amountText(remaining, token, unit)}, pay by signature, or wait until ${utcText(resetsAt)}.`,
    ],
    details: { token, lot, remaining, resetsAt },
    errorName,
    revertData,
    cause,
  });
}

/** The same refusal, with the amounts in the token's unit: bare revert data does not have it. */
async function withUnit(
  client: Client<Transport, Chain | undefined>,
  { chainId }: Grant,
  refusal: ChainRefusal,
): Promise<ChainRefusal> {
  const { code, details, errorName, revertData, cause } = refusal;
  const { token } = details;
  if (code !== "PER_TRANSACTION" && code !== "PERIOD" && code !== "ALLOWANCE_LEFT") return refusal;
  if (typeof token !== "string") return refusal;
  const unit = await readTokenUnit(client, token as Address, chainId, "token").catch(() => undefined);
  return new ChainRefusal({
    ...errorText(code, readableValues(details, unit)),
    details,
    errorName,
    revertData,
    cause,
  });
}
