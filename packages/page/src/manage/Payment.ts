import { hashSession, type SessionCarrier } from "@latchkey/sdk";
import { slotWorth } from "@latchkey/sdk/encoding";
import type { SessionEvent } from "@latchkey/sdk/history";
import { type Address, type Hash, isAddressEqual } from "viem";

/** Something that a session paid. */
export type Payment = {
  token: Address;
  /** Base units. */
  amount: bigint;
  /** Whether `amount` is only the most that it can have been: the token's own record of it was not found. */
  isAtMost: boolean;
  /** By a transaction of the agent's, or by a signed authorization that the token settled. */
  rail: "executed" | "settled";
  /** Undefined where the event does not tell: an execution may pay several, see `readRecipients`. */
  to: Address | undefined;
  /** Of the block, seconds of Unix time. */
  timestamp: number;
  transactionHash: Hash;
  /** Place within its block. */
  logIndex: number;
};

/**
 * The payments of one session out of a history, newest first.
 *
 * @param events Oldest first, as `sessionHistory` gives them.
 */
export function paymentsOf(carrier: SessionCarrier, events: readonly SessionEvent[]): Payment[] {
  const session = carrier.session;
  const id = hashSession(session);
  const payments: Payment[] = [];
  for (const event of events) {
    if ((event.type !== "executed" && event.type !== "settled") || event.id !== id) continue;
    const { token, timestamp, transactionHash, logIndex } = event;
    const at = { token, timestamp, transactionHash, logIndex };
    if (event.type === "executed")
      payments.push({ ...at, amount: event.amount, isAtMost: false, rail: "executed", to: undefined });
    else {
      const budget = session.budgets.find((one) => isAddressEqual(one.token, token));
      const amount = event.amount ?? slotWorth(budget?.perTransaction ?? 0n, event.slot.size);
      payments.push({ ...at, amount, isAtMost: event.amount === undefined, rail: "settled", to: event.to });
    }
  }
  return payments.reverse();
}
