import { type Address, type Chain, type Client, erc20Abi, type Hex, type Transport } from "viem";
import { sessionModuleAbi } from "../../generated/abis/sessionModuleAbi.ts";
import { type AggregatingClient, aggregatingClient } from "../../internal/aggregatingClient.ts";
import { readContract } from "../../internal/chainActions.ts";
import { encodeSession } from "../../session/packSession.ts";
import type { Session } from "../../session/Session.ts";
import { readStateAndPause, type SessionState } from "../../session/sessionState.ts";

/** The state of a session and one of its budgets on the chain. */
export type SessionStanding = {
  /** Unix time of the block that was read. */
  chainTime: number;
  state: SessionState;
  /** Whether the account has paused it. */
  paused: boolean;
  /** The account's epoch. */
  epoch: bigint;
  /** Number of the budget's current period. */
  period: bigint;
  /** How much of it may be spent by now, in token base units: all, or what a stream has released. */
  released: bigint;
  /** Spent by executions in it, in token base units. */
  spent: bigint;
  /** Unix time at which the next period starts, or the session ends. */
  resetsAt: number;
  /** The account's balance of the budget's token, in base units. */
  balance: bigint;
  /** What Permit2 may take of it, in base units, for a budget that is paid from by Permit2. */
  allowance?: bigint;
};

/**
 * Reads the state of a session and one of its budgets, from one block where the chain has Multicall3; otherwise the time
 * first, so that nothing else is older than `chainTime`.
 *
 * @param client An aggregating client, whose other questions are asked in the same request, or any other.
 */
export async function sessionStanding(
  client: Client<Transport, Chain | undefined> | AggregatingClient,
  parameters: {
    module: Address;
    session: Session;
    sessionId: Hex;
    budgetIndex: number;
    token: Address;
    /** Whose allowance is read. */
    spender?: Address;
  },
): Promise<SessionStanding> {
  const { module, session, sessionId, budgetIndex, token, spender } = parameters;
  const { account } = session;
  const together = "chainTime" in client ? client : aggregatingClient(client);
  const ask = { address: module, abi: sessionModuleAbi } as const;
  const [chainTime, { state, paused }, epoch, [period, released, spent, resetsAt], balance, allowance] =
    await Promise.all([
      together.chainTime(),
      readStateAndPause(together, { module, id: sessionId, account }),
      readContract(together, { ...ask, functionName: "epochOf", args: [account] }),
      readContract(together, {
        ...ask,
        functionName: "budgetOf",
        args: [encodeSession(session), BigInt(budgetIndex)],
      }),
      readContract(together, { address: token, abi: erc20Abi, functionName: "balanceOf", args: [account] }),
      spender &&
        readContract(together, {
          address: token,
          abi: erc20Abi,
          functionName: "allowance",
          args: [account, spender],
        }),
    ]);
  return {
    chainTime,
    state,
    paused,
    epoch,
    period,
    released,
    spent,
    resetsAt: Number(resetsAt),
    balance,
    ...(allowance === undefined ? {} : { allowance }),
  };
}
