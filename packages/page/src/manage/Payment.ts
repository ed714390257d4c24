import { hashSession, type SessionCarrier } from "@latchkey/sdk";
import type { SessionEvent } from "@latchkey/sdk/history";
import type { Address, Hash } from "viem";

/** A payment made by a session. */
export type Payment = {
  token: Address;
  /** Base units. */
  amount: bigint;
  /** Whether `amount` is only an upper bound, because the token's own event was not found. */
  isAtMost: boolean;
  /** What a payment by Permit2 used up of its period, if that is more than it paid. */
  reserved: bigint | undefined;
  /** Made by the agent's transaction, or by a signed authorization that the token settled. */
  rail: "executed" | "settled";
  /** Undefined if the event does not name it: an execution may pay several recipients, see `readRecipients`. */
  to: Address | undefined;
  /** The block's, in seconds of Unix time. */
  timestamp: number;
  transactionHash: Hash;
  /** Index within its block. */
  logIndex: number;
};

/**
 * A session's payments from its history, newest first.
 *
 * @param events Oldest first, as `sessionHistory` returns them.
 */
export function paymentsOf(carrier: SessionCarrier, events: readonly SessionEvent[]): Payment[] {
  const id = hashSession(carrier.session);
  const payments: Payment[] = [];
  for (const event of events) {
    if ((event.type !== "executed" && event.type !== "settled") || event.id !== id) continue;
    const { token, timestamp, transactionHash, logIndex } = event;
    const at = { token, timestamp, transactionHash, logIndex };
    if (event.type === "executed")
      payments.push({
        ...at,
        amount: event.amount,
        isAtMost: false,
        reserved: undefined,
        rail: "executed",
        to: undefined,
      });
    else {
      const { amount = event.reserved, to } = event;
      const reserved = event.by === "permit2" && event.reserved > amount ? event.reserved : undefined;
      payments.push({
        ...at,
        amount,
        isAtMost: event.amount === undefined,
        reserved,
        rail: "settled",
        to,
      });
    }
  }
  return payments.reverse();
}
