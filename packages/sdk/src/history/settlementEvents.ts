import {
  type Address,
  type Chain,
  type Client,
  type Hex,
  isAddressEqual,
  parseAbi,
  type Transport,
} from "viem";
import { getLogs } from "../internal/chainActions.ts";
import { type BlockRange, readLogs } from "../internal/readLogs.ts";
import { hashSession } from "../session/hashSession.ts";
import type { Session } from "../session/Session.ts";
import { slotReader } from "../session/slotReader.ts";
import { blockTimestamps } from "./blockTimestamps.ts";
import type { SessionEvent } from "./SessionEvent.ts";

const tokenAbi = parseAbi([
  "event AuthorizationUsed(address indexed authorizer, bytes32 indexed nonce)",
  "event Transfer(address indexed from, address indexed to, uint256 value)",
]);
const [authorizationUsed, transfer] = tokenAbi;

/** A settled payment. */
export type SettlementEvent = Extract<SessionEvent, { type: "settled" }>;

/**
 * The settled payments signed by sessions' keys: those whose nonce is one of a session's slots, in the
 * period of their block.
 *
 * @param parameters.sessions All of one account.
 * @returns The payments, each session's and budget's in their order on the chain.
 * @throws {Refusal} NETWORK
 */
export async function settlementEvents(
  client: Client<Transport, Chain | undefined>,
  parameters: { account: Address; sessions: readonly Session[]; range: Required<BlockRange> },
): Promise<SettlementEvent[]> {
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
          slot,
          nonce: use.args.nonce,
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
