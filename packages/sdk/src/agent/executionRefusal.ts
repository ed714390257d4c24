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
import type { Call } from "../session/Session.ts";
import { secondsUntilReleased } from "../session/secondsUntilReleased.ts";
import { withExecutedPayment } from "./withPayment.ts";

/**
 * The refusal for an error of an execution, with its amounts in the token's unit. The contract's LOT_OPENED only names a
 * lot: what executions may still spend, and until when, is read from the chain and added. So is the time at which a stream
 * will have released enough, and the payment that exceeds a limit.
 *
 * @param calls What was to be executed.
 * @returns Unless the node cannot be reached, for LOT_OPENED with `details.remaining` and `details.resetsAt`, and for PERIOD of a
 * stream with `details.availableAt`.
 */
export async function executionRefusal(
  client: Client<Transport, Chain | undefined>,
  grant: Grant,
  error: unknown,
  calls: readonly Call[],
): Promise<Refusal> {
  const refusal = decodeError(error);
  if (!(refusal instanceof ChainRefusal)) return refusal;
  if (isRefusal(refusal, "LOT_OPENED")) return withRest(client, grant, refusal);
  const complete = isRefusal(refusal, "PERIOD")
    ? await withNextAmount(client, grant, refusal)
    : await withUnit(client, grant, refusal);
  return withExecutedPayment(complete, calls);
}

/** A budget of the session, and its standing on the chain; undefined if the node cannot be reached. */
async function standingOf(client: Client<Transport, Chain | undefined>, grant: Grant, token: Address) {
  const session = sessionIn(grant);
  const index = session.budgets.findIndex((budget) => isAddressEqual(budget.token, token));
  const budget = session.budgets[index];
  if (!budget) return undefined;
  try {
    const [period, , spent, resetsAt] = await readContract(client, {
      address: grant.module,
      abi: sessionModuleAbi,
      functionName: "budgetOf",
      args: [encodeSession(session), BigInt(index)],
    });
    return { session, budget, period: Number(period), spent, resetsAt: Number(resetsAt) };
  } catch {
    return undefined;
  }
}

/** A stream releases more before its period ends: the refusal names the time at which the amount can be paid. */
async function withNextAmount(
  client: Client<Transport, Chain | undefined>,
  grant: Grant,
  refusal: ChainRefusal,
): Promise<ChainRefusal> {
  const { token, amount, remaining, resetsAt } = refusal.details as DetailsByCode["PERIOD"];
  const { budgets } = sessionIn(grant);
  if (!budgets.some((budget) => budget.perSecond > 0n && isAddressEqual(budget.token, token)))
    return withUnit(client, grant, refusal);
  const standing = await standingOf(client, grant, token);
  if (!standing) return withUnit(client, grant, refusal);
  const { session, budget, period, spent } = standing;
  const startOf = (number: number) => session.validAfter + number * budget.period;
  const [now, next] = [secondsUntilReleased(budget, spent + amount), secondsUntilReleased(budget, amount)];
  const availableAt = [
    ...(now === undefined ? [] : [startOf(period) + now]),
    ...(next === undefined ? [] : [startOf(period + 1) + next]),
  ].find((time) => time < session.validUntil);
  const unit = await readTokenUnit(client, token, grant.chainId, "token").catch(() => undefined);
  const text = (value: bigint) => amountText(value, token, unit);
  const { errorName, revertData, cause } = refusal;
  return new ChainRefusal({
    code: "PERIOD",
    shortMessage: `${text(amount)} exceeds the ${text(remaining)} that the stream has released and that is not spent.`,
    metaMessages: [
      availableAt === undefined
        ? "Pay less: the stream does not release that much before the session ends."
        : `Pay less, or wait until ${utcText(availableAt)}.`,
    ],
    details: { token, amount, remaining, resetsAt, ...(availableAt !== undefined && { availableAt }) },
    errorName,
    revertData,
    cause,
  });
}

/** What executions may still spend, and until when. */
async function withRest(
  client: Client<Transport, Chain | undefined>,
  grant: Grant,
  refusal: ChainRefusal,
): Promise<ChainRefusal> {
  const { token, lot } = refusal.details as DetailsByCode["LOT_OPENED"];
  const standing = await standingOf(client, grant, token);
  if (!standing) return refusal;
  const { budget, spent, resetsAt } = standing;
  // Executions use lots from the last one down, and may use those above the first that a payment has opened.
  const above = budget.perPeriod - spent - (lot + 1n) * budget.perTransaction;
  const remaining = above > 0n ? above : 0n;
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
