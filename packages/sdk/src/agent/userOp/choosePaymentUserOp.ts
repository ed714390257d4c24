import {
  type Chain,
  type Client,
  decodeFunctionData,
  encodeFunctionData,
  erc20Abi,
  type Hex,
  isAddress,
  isAddressEqual,
  type Transport,
} from "viem";
import type { UserOpPayment } from "../../encoding/userOp/encodePaymentUserOpCallData.ts";
import { isContractRefusal } from "../../errors/isContractRefusal.ts";
import type { Grant } from "../../grant/Grant.ts";
import { sessionIn } from "../../grant/sessionIn.ts";
import { type CallRequest, toCalls } from "../../session/CallRequest.ts";
import { hashSession } from "../../session/hashSession.ts";
import { ANYONE } from "../../session/Session.ts";
import { currentTime } from "../x402/currentTime.ts";
import { refuseStanding } from "../x402/refuseStanding.ts";
import { sessionStanding } from "../x402/sessionStanding.ts";

/** A userOp with which the account makes one payment itself: what its signature contains. */
export type PaymentUserOp = {
  payment: UserOpPayment;
  /** The number of the charged period of the budget. The EntryPoint accepts the userOp only within it. */
  period: bigint;
  /** The owner's grant that is carried along; `0x`: none. */
  signature: Hex;
};

/** Seconds that must be left of the period: a bundler rejects what expires soon, and inclusion takes time. */
const SECONDS_LEFT = 120;
/** Seconds of the period that must have passed: a bundler's clock may be behind, and some want a few more seconds. */
const SECONDS_OVER = 30;

/**
 * Whether calls can be sent as a userOp with which the account makes one payment itself, charged by the validator: see
 * {@link encodePaymentUserOpCallData}.
 *
 * They can if they are one `transfer` from a budget without signatures and without a stream, which its limits allow as
 * of the latest block, and if the budget's period started at least half a minute ago and lasts two minutes more.
 *
 * @returns undefined: send them through the module, which gives a reason if it rejects them.
 * @throws {Refusal} NETWORK
 */
export async function choosePaymentUserOp(
  client: Client<Transport, Chain | undefined>,
  { grant, calls }: { grant: Grant; calls: readonly CallRequest[] },
): Promise<PaymentUserOp | undefined> {
  const payment = onePayment(calls);
  if (!payment) return undefined;
  const session = sessionIn(grant);
  const budgetIndex = session.budgets.findIndex(({ token }) => isAddressEqual(token, payment.token));
  const budget = session.budgets[budgetIndex];
  if (budget?.signatures !== 0 || budget.perSecond !== 0n) return undefined;
  if (payment.amount > budget.perTransaction) return undefined;
  if (!budget.recipients.some((one) => isAddressEqual(one, ANYONE) || isAddressEqual(one, payment.to)))
    return undefined;
  try {
    const { module } = grant;
    const { token } = budget;
    const sessionId = hashSession(session);
    const standing = await sessionStanding(client, { module, session, sessionId, budgetIndex, token });
    if (refuseStanding(session, standing, grant.signature !== "0x")) return undefined;
    const { chainTime, period, spent, resetsAt, state } = standing;
    if (spent + payment.amount > budget.perPeriod) return undefined;
    if (resetsAt - (await currentTime(client, chainTime)) <= SECONDS_LEFT) return undefined;
    // Before the first period neither form is valid, after its start both are.
    const startsAt = session.validAfter + Number(period) * budget.period;
    if (period > 0n && chainTime - startsAt < SECONDS_OVER) return undefined;
    return { payment, period, signature: state === "ENABLED" ? "0x" : grant.signature };
  } catch (error) {
    // Without a balance it is not a token, or the native coin's zero address. The module gives the reason.
    if (isContractRefusal(error)) return undefined;
    throw error;
  }
}

/** The payment that the calls make, if they are one in its one encoding. */
function onePayment(calls: readonly CallRequest[]): UserOpPayment | undefined {
  const [call, another] = toCalls(calls);
  if (!call || another || call.value !== 0n) return undefined;
  if (!isAddress(call.target, { strict: false })) return undefined;
  const data = call.data.toLowerCase() as Hex;
  try {
    const { functionName, args } = decodeFunctionData({ abi: erc20Abi, data });
    if (functionName !== "transfer") return undefined;
    // The module rejects dirty upper bytes in the recipient, which are not visible here.
    if (encodeFunctionData({ abi: erc20Abi, functionName, args }) !== data) return undefined;
    const [to, amount] = args;
    return { token: call.target, to, amount };
  } catch {
    return undefined;
  }
}
