import {
  type Address,
  type Chain,
  type Client,
  type Hex,
  isAddressEqual,
  parseAbi,
  type Transport,
} from "viem";
import { getLogs } from "../chainActions.ts";
import { hashSession } from "../hashSession.ts";
import type { Session } from "../Session.ts";
import { authorizationStates } from "../x402/authorizationStates.ts";
import { blockTimestamps } from "./blockTimestamps.ts";
import { findSlots } from "./findSlots.ts";
import { type BlockRange, readLogs } from "./readLogs.ts";
import type { SessionEvent } from "./SessionEvent.ts";

const tokenAbi = parseAbi([
  "event AuthorizationUsed(address indexed authorizer, bytes32 indexed nonce)",
  "event Transfer(address indexed from, address indexed to, uint256 value)",
]);
const [authorizationUsed, transfer] = tokenAbi;

/** A settled payment. */
export type SettlementEvent = Extract<SessionEvent, { type: "settled" }>;

/**
 * The payments that tokens settled on signatures of sessions' keys: those whose nonce is one of a session's slots, in the
 * period of their block.
 *
 * @param parameters.sessions All of one account.
 * @returns The payments, oldest first. `complete` is false where a period has more lots than are looked through.
 * @throws {Refusal} NETWORK where the chain cannot be asked.
 */
export async function settlementEvents(
  client: Client<Transport, Chain | undefined>,
  parameters: { account: Address; sessions: readonly Session[]; range: Required<BlockRange> },
): Promise<{ events: SettlementEvent[]; complete: boolean }> {
  const { account, sessions, range } = parameters;
  const budgets = sessions.flatMap((session) => {
    const id = hashSession(session);
    return session.budgets.map((budget, budgetIndex) => ({ session, id, budget, budgetIndex }));
  });
  const signed = budgets.filter(({ budget }) => budget.signatures > 0);
  const tokens = signed
    .map(({ budget }) => budget.token)
    .filter((token, at, all) => all.findIndex((other) => isAddressEqual(other, token)) === at);
  const events: SettlementEvent[] = [];
  let complete = true;
  for (const token of tokens) {
    const uses = await readLogs(range, (piece) =>
      getLogs(client, {
        ...piece,
        address: token,
        event: authorizationUsed,
        args: { authorizer: account },
        strict: true,
      }),
    );
    if (uses.length === 0) continue;
    const transfers = await readLogs(range, (piece) =>
      getLogs(client, { ...piece, address: token, event: transfer, args: { from: account }, strict: true }),
    );
    const times = await blockTimestamps(client, uses);
    const paid = new Set<(typeof transfers)[number]>();
    const isOpened = (nonces: readonly Hex[]) => authorizationStates(client, { token, account, nonces });
    for (const { session, id, budget, budgetIndex } of signed) {
      if (!isAddressEqual(budget.token, token)) continue;
      const periods = new Map<bigint, typeof uses>();
      for (const use of uses) {
        const time = times.get(use.blockNumber) ?? 0;
        // Outside of its window a session settles nothing.
        if (time < session.validAfter || time >= session.validUntil) continue;
        const period = BigInt(Math.floor((time - session.validAfter) / budget.period));
        periods.set(period, [...(periods.get(period) ?? []), use]);
      }
      for (const [period, within] of periods) {
        const nonces = new Set(within.map(({ args }) => args.nonce));
        const found = await findSlots({ id, budget, budgetIndex, period, nonces, isOpened });
        complete &&= found.complete;
        for (const use of within) {
          const slot = found.slots.get(use.args.nonce);
          if (!slot) continue;
          // The token marks the nonce first, then moves the money.
          const payment = transfers.find(
            (one) =>
              one.transactionHash === use.transactionHash && one.logIndex > use.logIndex && !paid.has(one),
          );
          if (payment) paid.add(payment);
          events.push({
            type: "settled",
            id,
            token,
            period,
            slot,
            nonce: use.args.nonce,
            amount: payment?.args.value,
            to: payment?.args.to,
            blockNumber: use.blockNumber,
            timestamp: times.get(use.blockNumber) ?? 0,
            transactionHash: use.transactionHash,
            logIndex: use.logIndex,
          });
        }
      }
    }
  }
  return { events, complete };
}
