import { type Chain, type Client, type Hex, isAddressEqual, type Transport } from "viem";
import { sharedAggregatingClient } from "../internal/aggregatingClient.ts";
import { getTransaction } from "../internal/chainActions.ts";
import { hashSession } from "../session/hashSession.ts";
import { nodeReader } from "../session/nodeReader.ts";
import { isPaidByPermit2 } from "../session/paymentMethods.ts";
import { ANYONE, type Budget, type Session } from "../session/Session.ts";
import { signedPaymentWorth } from "../session/signedPaymentWorth.ts";
import { slotPrefix } from "../session/slotPrefix.ts";
import { usedNodes } from "../session/usedNodes.ts";
import type { TokenLogs } from "./accountLogs.ts";
import type { SettlementEvent } from "./settlementEvents.ts";

type Transfer = TokenLogs["transfers"][number];
type Paying = { session: Session; id: Hex; budget: Budget; budgetIndex: number };

/** How many transactions are asked for at once. */
const AT_ONCE = 8;

/** The budgets that Permit2 pays from, of a token. */
const budgetsOf = (sessions: readonly Session[], token: Hex): Paying[] =>
  sessions.flatMap((session) => {
    const id = hashSession(session);
    return session.budgets.flatMap((budget, budgetIndex) =>
      isPaidByPermit2(budget) && isAddressEqual(budget.token, token)
        ? [{ session, id, budget, budgetIndex }]
        : [],
    );
  });

/** Whether a budget could have paid it by signature. */
const couldPay = ({ budget }: Paying, { args }: Transfer): boolean =>
  args.value > 0n &&
  args.value <= budget.perTransaction &&
  budget.recipients.some((one) => isAddressEqual(one, ANYONE) || isAddressEqual(one, args.to));

/** The transfers that may be payments by Permit2: those that some budget of the sessions could have made. */
export const permit2Transfers = (sessions: readonly Session[], logs: readonly TokenLogs[]): Transfer[] =>
  logs.flatMap(({ token, transfers }) => {
    const budgets = budgetsOf(sessions, token);
    return transfers.filter((transfer) => budgets.some((budget) => couldPay(budget, transfer)));
  });

/**
 * The settled Permit2 payments signed by sessions' keys. Permit2 logs nothing about them. So of each transfer that could be
 * one, the transaction's calldata is searched for nonces of the session's nodes in the period of its block, and Permit2 is
 * asked whether these are used.
 *
 * A payment is not found if the calldata holds its nonce in another form than as a word, as where it is compressed. Which
 * transfer belongs to which nonce, if a transaction settles several for one recipient, is told by their order.
 *
 * @param parameters.sessions All of one account.
 * @param parameters.logs What the tokens logged about it.
 * @param parameters.times Of the blocks of {@link permit2Transfers}.
 * @throws {Refusal} NETWORK
 */
export async function permit2Settlements(
  client: Client<Transport, Chain | undefined>,
  parameters: {
    sessions: readonly Session[];
    logs: readonly TokenLogs[];
    times: ReadonlyMap<bigint, number>;
  },
): Promise<SettlementEvent[]> {
  const { sessions, logs, times } = parameters;
  const inputs = await readInputs(client, permit2Transfers(sessions, logs));
  const events: SettlementEvent[] = [];
  for (const { token, transfers } of logs) {
    const taken = new Set<Transfer>();
    for (const paying of budgetsOf(sessions, token)) {
      const { session, id, budget, budgetIndex } = paying;
      const readers = new Map<bigint, ReturnType<typeof nodeReader>>();
      const settled = new Set<Hex>();
      for (const transfer of transfers) {
        const { blockNumber, transactionHash, logIndex, args } = transfer;
        const timestamp = times.get(blockNumber) ?? 0;
        if (taken.has(transfer) || !couldPay(paying, transfer)) continue;
        if (timestamp < session.validAfter || timestamp >= session.validUntil) continue;
        const period = BigInt(Math.floor((timestamp - session.validAfter) / budget.period));
        const readNodes = readers.get(period) ?? nodeReader({ id, budgetIndex, period });
        readers.set(period, readNodes);
        const found = readNodes(inputs.get(transactionHash) ?? "0x").find(
          ({ node, nonce }) =>
            !settled.has(nonce) &&
            node.lot < budget.perPeriod / budget.perTransaction &&
            node.size < budget.sizes &&
            args.value <= signedPaymentWorth(budget, node.size),
        );
        if (!found) continue;
        settled.add(found.nonce);
        taken.add(transfer);
        events.push({
          type: "settled",
          id,
          token,
          period,
          by: "permit2",
          slot: found.node,
          nonce: found.nonce,
          reserved: signedPaymentWorth(budget, found.node.size),
          amount: args.value,
          to: args.to,
          blockNumber,
          timestamp,
          transactionHash,
          logIndex,
        });
      }
    }
  }
  return usedOnes(client, sessions, events);
}

/** The calldata of the transactions of transfers. */
async function readInputs(
  client: Client<Transport, Chain | undefined>,
  transfers: readonly Transfer[],
): Promise<ReadonlyMap<Hex, Hex>> {
  const hashes = [...new Set(transfers.map(({ transactionHash }) => transactionHash))];
  const inputs = new Map<Hex, Hex>();
  for (let at = 0; at < hashes.length; at += AT_ONCE)
    await Promise.all(
      hashes.slice(at, at + AT_ONCE).map(async (hash) => {
        inputs.set(hash, (await getTransaction(client, { hash })).input);
      }),
    );
  return inputs;
}

/** Those whose nonce Permit2 has used: anyone can write one into calldata. */
async function usedOnes(
  client: Client<Transport, Chain | undefined>,
  sessions: readonly Session[],
  events: readonly SettlementEvent[],
): Promise<SettlementEvent[]> {
  const [first] = sessions;
  if (!first || events.length === 0) return [];
  const together = sharedAggregatingClient(client);
  const { account } = first;
  const words = await Promise.all(
    events.map(async ({ id, token, period, slot }) => {
      const budgets = sessions.find((one) => hashSession(one) === id)?.budgets ?? [];
      const budgetIndex = budgets.findIndex((one) => isAddressEqual(one.token, token));
      const prefix = slotPrefix({ id, budgetIndex, period });
      const [nodes = 0n] = await usedNodes(together, { account, prefix, lots: [slot.lot] });
      return nodes;
    }),
  );
  return events.filter(({ nonce }, place) => ((words[place] ?? 0n) >> (BigInt(nonce) & 255n)) & 1n);
}
