import { type Address, type Chain, type Client, erc20Abi, type Hex, type Transport } from "viem";
import { sessionModuleAbi } from "../../generated/abis/sessionModuleAbi.ts";
import { getBlock, readContract } from "../../internal/chainActions.ts";
import { encodeSession } from "../../session/packSession.ts";
import type { Session } from "../../session/Session.ts";
import { readStateAndPause, type SessionState } from "../../session/sessionState.ts";

/** The state of a session and one of its budgets on the chain. */
export type SessionStanding = {
  /** Unix time of the latest block. */
  chainTime: number;
  state: SessionState;
  /** Whether the account has paused it. */
  paused: boolean;
  /** The account's epoch. */
  epoch: bigint;
  /** Number of the budget's current period. */
  period: bigint;
  /** Spent by executions in it, in token base units. */
  spent: bigint;
  /** Unix time at which the next period starts, or the session ends. */
  resetsAt: number;
  /** The account's balance of the budget's token, in base units. */
  balance: bigint;
};

/**
 * Reads the state of a session and one of its budgets. The block is read first, so that nothing else is older than
 * `chainTime`.
 */
export async function sessionStanding(
  client: Client<Transport, Chain | undefined>,
  parameters: { module: Address; session: Session; sessionId: Hex; budgetIndex: number; token: Address },
): Promise<SessionStanding> {
  const { module, session, sessionId, budgetIndex, token } = parameters;
  const { account } = session;
  const { timestamp } = await getBlock(client, { blockTag: "latest" });
  const ask = { address: module, abi: sessionModuleAbi } as const;
  const [{ state, paused }, epoch, [period, , spent, resetsAt], balance] = await Promise.all([
    readStateAndPause(client, { module, id: sessionId, account }),
    readContract(client, { ...ask, functionName: "epochOf", args: [account] }),
    readContract(client, {
      ...ask,
      functionName: "budgetOf",
      args: [encodeSession(session), BigInt(budgetIndex)],
    }),
    readContract(client, { address: token, abi: erc20Abi, functionName: "balanceOf", args: [account] }),
  ]);
  return {
    chainTime: Number(timestamp),
    state,
    paused,
    epoch,
    period,
    spent,
    resetsAt: Number(resetsAt),
    balance,
  };
}
