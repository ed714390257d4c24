import {
  type Address,
  type Chain,
  type Client,
  encodeFunctionData,
  erc20Abi,
  type Hex,
  isAddressEqual,
  numberToHex,
  type Transport,
} from "viem";
import type { UserOpPayment } from "../../encoding/userOp/encodePaymentUserOpCallData.ts";
import { ChainRefusal } from "../../errors/ChainRefusal.ts";
import { decodeError } from "../../errors/decodeError.ts";
import { errorText } from "../../errors/errorText.ts";
import type { DetailsByCode } from "../../errors/isRefusal.ts";
import { Refusal } from "../../errors/Refusal.ts";
import { readableValues } from "../../errors/readableValues.ts";
import { utcText } from "../../errors/utcText.ts";
import type { Grant } from "../../grant/Grant.ts";
import { sessionIn } from "../../grant/sessionIn.ts";
import { call } from "../../internal/chainActions.ts";
import { hashSession } from "../../session/hashSession.ts";
import { refuseStanding } from "../x402/refuseStanding.ts";
import { sessionStanding } from "../x402/sessionStanding.ts";
import type { PaymentUserOp } from "./choosePaymentUserOp.ts";

/**
 * The reason not to sign a payment userOp now, although {@link choosePaymentUserOp} chose it: its budget was spent
 * meanwhile, its period has ended, or its transfer would fail, which the module would charge nevertheless.
 *
 * @returns As for an execution: PERIOD, REVOKED, PAUSED, WRONG_EPOCH, EXPIRED, NOT_GRANTED; CALL_FAILED or
 * TOKEN_CALL_FAILED; DEADLINE_PASSED: its period has ended. undefined if there is none.
 * @throws {Refusal} NETWORK
 */
export async function paymentUserOpRefusal(
  client: Client<Transport, Chain | undefined>,
  { grant, paymentUserOp }: { grant: Grant; paymentUserOp: PaymentUserOp },
): Promise<Refusal | undefined> {
  const { payment, period, signature } = paymentUserOp;
  const { token, amount, to: recipient } = payment;
  const { module } = grant;
  const session = sessionIn(grant);
  const budgetIndex = session.budgets.findIndex((one) => isAddressEqual(one.token, token));
  const budget = session.budgets[budgetIndex];
  if (!budget) return noBudget(token);
  const sessionId = hashSession(session);
  const standing = await sessionStanding(client, { module, session, sessionId, budgetIndex, token });
  const refusal = refuseStanding(session, standing, signature !== "0x");
  if (refusal) return refusal;
  const { spent, resetsAt } = standing;
  if (standing.period !== period) {
    const endsAt = session.validAfter + (Number(period) + 1) * budget.period;
    return periodOver(Math.min(endsAt, session.validUntil) - 1);
  }
  const remaining = spent < budget.perPeriod ? budget.perPeriod - spent : 0n;
  if (amount > remaining) return periodExceeded({ token, amount, recipient, remaining, resetsAt });
  return transferRefusal(client, session.account, payment);
}

/** Why the account cannot make the transfer now, if it cannot. It may not be deployed yet. */
async function transferRefusal(
  client: Client<Transport, Chain | undefined>,
  account: Address,
  { token, to, amount }: UserOpPayment,
): Promise<Refusal | undefined> {
  const data = encodeFunctionData({ abi: erc20Abi, functionName: "transfer", args: [to, amount] });
  let returned: Hex;
  try {
    returned = (await call(client, { account, to: token, data })).data ?? "0x";
  } catch (error) {
    const inner = decodeError(error);
    return inner.code === "NETWORK" ? inner : callFailed(inner);
  }
  // An empty return value of a contract: it returned the account's balance before.
  if (returned === TRUE || returned === "0x") return undefined;
  return new Refusal({
    code: "TOKEN_CALL_FAILED",
    shortMessage: `The token ${token} would not confirm the transfer.`,
    metaMessages: ["Nothing was signed. Check the token's address."],
    details: { index: 0, token, returned },
  });
}

/** `true`, as a token returns it. */
const TRUE = numberToHex(1, { size: 32 });

const callFailed = (inner: Refusal) =>
  new Refusal({
    code: "CALL_FAILED",
    shortMessage: `The transfer would fail${inner.code === "UNKNOWN" ? "." : `: ${inner.shortMessage}`}`,
    metaMessages: ["Nothing was signed.", ...inner.metaMessages],
    details: {
      index: 0,
      reason: (inner instanceof ChainRefusal && inner.revertData) || "0x",
      reasonCode: inner.code,
    },
    cause: inner,
  });

const periodExceeded = (details: DetailsByCode["PERIOD"]) =>
  new Refusal({
    ...errorText("PERIOD", readableValues(details)),
    details,
  });

/** @param deadline The last second of the userOp's period. */
const periodOver = (deadline: number) =>
  new Refusal({
    code: "DEADLINE_PASSED",
    shortMessage: `The userOp expired at ${utcText(deadline)}, with the period of its budget.`,
    metaMessages: ["Nothing was signed. Prepare the userOp again, from its `calls`."],
    details: { deadline },
  });

const noBudget = (token: Address) =>
  new Refusal({
    code: "UNKNOWN_TOKEN",
    shortMessage: `The session has no budget for the token ${token}.`,
    metaMessages: ["Nothing was signed. Ask the owner for a session with one."],
    details: { token },
  });
