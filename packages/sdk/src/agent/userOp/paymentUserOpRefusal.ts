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
import { Refusal } from "../../errors/Refusal.ts";
import { utcText } from "../../errors/utcText.ts";
import type { Grant } from "../../grant/Grant.ts";
import { sessionIn } from "../../grant/sessionIn.ts";
import { call } from "../../internal/chainActions.ts";
import { hashSession } from "../../session/hashSession.ts";
import { refuseStanding } from "../x402/refuseStanding.ts";
import { sessionStanding } from "../x402/sessionStanding.ts";
import type { PaymentUserOp } from "./choosePaymentUserOp.ts";

/**
 * The reason for which a payment userOp should not be signed now, though {@link choosePaymentUserOp} chose it: what it
 * needs is spent meanwhile, its period is over, or its transfer would fail. That one the module charges all the same.
 *
 * @returns As the module says of an execution: PERIOD, REVOKED, PAUSED, WRONG_EPOCH, EXPIRED, NOT_GRANTED; CALL_FAILED or
 * TOKEN_CALL_FAILED; DEADLINE_PASSED: the period that it names is over. undefined if there is none.
 * @throws {Refusal} NETWORK
 */
export async function paymentUserOpRefusal(
  client: Client<Transport, Chain | undefined>,
  { grant, paymentUserOp }: { grant: Grant; paymentUserOp: PaymentUserOp },
): Promise<Refusal | undefined> {
  const { payment, period, signature } = paymentUserOp;
  const { token, amount } = payment;
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
  if (amount > remaining) return periodExceeded({ token, amount, remaining, resetsAt });
  return transferRefusal(client, session.account, payment);
}

/** Why the account cannot make the transfer now, if it cannot. It need not be there yet. */
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
  // There is code to answer nothing: it has said before how much the account has.
  if (returned === TRUE || returned === "0x") return undefined;
  return new Refusal({
    code: "TOKEN_CALL_FAILED",
    shortMessage: `The token ${token} would not confirm the transfer.`,
    metaMessages: ["Nothing was signed. Check that the address is a token's."],
    details: { index: 0, token, returned },
  });
}

/** `true`, as a token answers. */
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

const periodExceeded = (details: { token: Address; amount: bigint; remaining: bigint; resetsAt: number }) =>
  new Refusal({
    code: "PERIOD",
    shortMessage: `${details.amount} base units are more than the ${details.remaining} left until ${utcText(details.resetsAt)}.`,
    metaMessages: ["Nothing was signed. Ask for less, or wait until then."],
    details,
  });

/** @param deadline The last second of the period that the userOp names. */
const periodOver = (deadline: number) =>
  new Refusal({
    code: "DEADLINE_PASSED",
    shortMessage: `The userOp was good until ${utcText(deadline)}: it names the period of its budget, which is over.`,
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
