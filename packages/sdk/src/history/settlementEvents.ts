import { type Hex, isAddressEqual } from "viem";
import { hashSession } from "../session/hashSession.ts";
import { isSlotNonce } from "../session/isSlotNonce.ts";
import { paymentMethods } from "../session/paymentMethods.ts";
import type { Session } from "../session/Session.ts";
import { signedPaymentWorth } from "../session/signedPaymentWorth.ts";
import { slotReader } from "../session/slotReader.ts";
import type { TokenLogs } from "./accountLogs.ts";
import type { SessionEvent } from "./SessionEvent.ts";

/** A settled payment. */
export type SettlementEvent = Extract<SessionEvent, { type: "settled" }>;

/** The uses of nonces that may be slots. The account's owner signs payments with other nonces. */
export const slotUses = (logs: readonly TokenLogs[]) =>
  logs.flatMap(({ uses }) => uses.filter(({ args }) => isSlotNonce(args.nonce)));

/**
 * The settled EIP-3009 payments signed by sessions' keys: those whose nonce is one of a session's slots, in the
 * period of their block.
 *
 * @param parameters.sessions All of one account.
 * @param parameters.logs What the tokens logged about it.
 * @param parameters.times Of the blocks of {@link slotUses}.
 * @returns The payments, each session's and budget's in their order on the chain.
 */
export function settlementEvents(parameters: {
  sessions: readonly Session[];
  logs: readonly TokenLogs[];
  times: ReadonlyMap<bigint, number>;
}): SettlementEvent[] {
  const { sessions, logs, times } = parameters;
  const signed = sessions.flatMap((session) => {
    const id = hashSession(session);
    return session.budgets.flatMap((budget, budgetIndex) =>
      paymentMethods(budget).includes("eip3009") ? [{ session, id, budget, budgetIndex }] : [],
    );
  });
  const events: SettlementEvent[] = [];
  for (const { token, uses: all, transfers } of logs) {
    const uses = all.filter(({ args }) => isSlotNonce(args.nonce));
    const paid = new Set<(typeof transfers)[number]>();
    const transfersOf = new Map<Hex, typeof transfers>();
    for (const one of transfers) {
      const ofTransaction = transfersOf.get(one.transactionHash);
      if (ofTransaction) ofTransaction.push(one);
      else transfersOf.set(one.transactionHash, [one]);
    }
    for (const { session, id, budget, budgetIndex } of signed) {
      if (!isAddressEqual(budget.token, token)) continue;
      const readers = new Map<bigint, ReturnType<typeof slotReader>>();
      for (const use of uses) {
        const { blockNumber, transactionHash, logIndex } = use;
        const timestamp = times.get(blockNumber) ?? 0;
        // Outside of its window a session settles nothing.
        if (timestamp < session.validAfter || timestamp >= session.validUntil) continue;
        const period = BigInt(Math.floor((timestamp - session.validAfter) / budget.period));
        const readSlot = readers.get(period) ?? slotReader({ id, budgetIndex, period });
        readers.set(period, readSlot);
        const slot = readSlot(use.args.nonce);
        if (!slot || slot.lot >= budget.perPeriod / budget.perTransaction || slot.size >= budget.sizes)
          continue;
        // The token marks the nonce first, then moves the money.
        const payment = transfersOf
          .get(transactionHash)
          ?.find((one) => one.logIndex > logIndex && !paid.has(one));
        if (payment) paid.add(payment);
        events.push({
          type: "settled",
          id,
          token,
          period,
          by: "eip3009",
          slot,
          nonce: use.args.nonce,
          reserved: signedPaymentWorth(budget, slot.size),
          amount: payment?.args.value,
          to: payment?.args.to,
          blockNumber,
          timestamp,
          transactionHash,
          logIndex,
        });
      }
    }
  }
  return events;
}
