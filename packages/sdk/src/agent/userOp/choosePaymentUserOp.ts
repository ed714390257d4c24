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

/** A userOp by which the account makes one payment itself: what its signature says besides. */
export type PaymentUserOp = {
  payment: UserOpPayment;
  /** The number of the budget's period that is charged. The EntryPoint lets the userOp in within it only. */
  period: bigint;
  /** The owner's grant that travels along; `0x`: none. */
  signature: Hex;
};

/** So many seconds must be left of the period: a bundler refuses what ends soon, and a block takes its time. */
const SECONDS_LEFT = 120;
/** So many seconds of the period must be over: a bundler's clock may be behind, and some want a few seconds more. */
const SECONDS_OVER = 30;

/**
 * Whether calls can be sent as a userOp by which the account makes one payment itself, which the validator charges: see
 * {@link encodePaymentUserOpCallData}.
 *
 * They can if they are one `transfer` out of a budget that no signature and no stream moves, which its limits allow as
 * of the latest block, and if the budget's period has begun half a minute ago and goes on for two minutes more.
 *
 * @returns undefined: send them through the module, which says why it refuses what it refuses.
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
    // Before the first period no form is good, after its beginning both are.
    const startsAt = session.validAfter + Number(period) * budget.period;
    if (period > 0n && chainTime - startsAt < SECONDS_OVER) return undefined;
    return { payment, period, signature: state === "ENABLED" ? "0x" : grant.signature };
  } catch (error) {
    // What does not say how much of it the account has: no token, or the native coin's address zero. The module says why.
    if (isContractRefusal(error)) return undefined;
    throw error;
  }
}

/** The payment that calls are, if they are one, in the one encoding. */
function onePayment(calls: readonly CallRequest[]): UserOpPayment | undefined {
  const [call, another] = toCalls(calls);
  if (!call || another || call.value !== 0n) return undefined;
  if (!isAddress(call.target, { strict: false })) return undefined;
  const data = call.data.toLowerCase() as Hex;
  try {
    const { functionName, args } = decodeFunctionData({ abi: erc20Abi, data });
    if (functionName !== "transfer") return undefined;
    // The module refuses a recipient with other bytes in front, which is read here without them.
    if (encodeFunctionData({ abi: erc20Abi, functionName, args }) !== data) return undefined;
    const [to, amount] = args;
    return { token: call.target, to, amount };
  } catch {
    return undefined;
  }
}
