import { type Address, type Chain, type Client, type Hex, isAddressEqual, type Transport } from "viem";
import { accountAdapterOf } from "../accounts/accountAdapterOf.ts";
import { erc7579ModuleAbi } from "../accounts/erc7579/erc7579Abi.ts";
import { loggable } from "../errors/json.ts";
import { sessionModuleAbi } from "../generated/abis/sessionModuleAbi.ts";
import type { Grant } from "../grant/Grant.ts";
import { requireGrantChain } from "../grant/requireGrantChain.ts";
import { sessionIn } from "../grant/sessionIn.ts";
import { type AggregatingClient, sharedAggregatingClient } from "../internal/aggregatingClient.ts";
import { readContract } from "../internal/chainActions.ts";
import { hashSession } from "../session/hashSession.ts";
import { encodeSession } from "../session/packSession.ts";
import { ANYONE } from "../session/Session.ts";
import { secondsUntilReleased } from "../session/secondsUntilReleased.ts";
import { readStateAndPause, type SessionState } from "../session/sessionState.ts";
import { openedLots } from "./openedLots.ts";

/** The status of one budget. Amounts in base units, times in seconds of Unix time. */
export type BudgetStatus = {
  token: Address;
  perTransaction: bigint;
  /** Limit of the period, over all rails. */
  limit: bigint;
  /** How much of the limit the period has released so far; less than the limit only for a stream. */
  released: bigint;
  /** Spent by executions. */
  spent: bigint;
  /**
   * Reserved for signed payments: every lot that one of them has opened, whole. They may have
   * spent less. See `exact`.
   */
  opened: bigint;
  /** Available: what is neither spent nor reserved of `released`. Opened lots may hold more for signed payments. */
  remaining: bigint;
  /**
   * Whether `opened` and `remaining` are exact: of budgets with up to 128 lots every one was read. Of others, a search has
   * found where the opened lots end, as payments open them from 0 up. If that is above 128, every lot below counts as
   * opened, so free ones in between are missing in `remaining`. Lots that another client opened far above are not found.
   */
  exact: boolean;
  /** Number of the period, from 0. */
  period: bigint;
  /** When the next period starts, or the session ends. */
  resetsAt: number;
  /** Only of a stream: what each second adds to `released`, and from when on nothing is added before `resetsAt`. */
  stream?: { perSecond: bigint; fullAt: number };
  recipients: readonly Address[] | "anyone";
};

/** Why a session cannot be used now. */
export type InactiveReason =
  | "NOT_YET_VALID"
  | "EXPIRED"
  | "REVOKED"
  | "PAUSED"
  | "WRONG_EPOCH"
  | "NOT_GRANTED"
  | "MODULE_NOT_ENABLED";

/** The status of a session on the chain, as of one block; `opened` may be of the next. */
export type SessionStatus = {
  id: Hex;
  /** Whether the key can use it now. For a session that is not enabled yet this depends on the grant: see verifyGrant. */
  active: boolean;
  /** Why it cannot be used, if it cannot. */
  reasons: readonly InactiveReason[];
  state: SessionState;
  /** Whether the account has paused it. A revoked session stays revoked. */
  paused: boolean;
  /** Whether the account still has the session's epoch. */
  epochCurrent: boolean;
  /** Whether the account has the module enabled. */
  moduleEnabled: boolean;
  startsAt: number;
  /** First second after the session. */
  expiresAt: number;
  budgets: readonly BudgetStatus[];
  /**
   * For ERC-7579 accounts, in wei: what the session's userOps may cost in total, and what they have been charged: the
   * maximum cost of each. An allowance of 2^128 - 1 is unlimited. Sessions of Safes send no userOps.
   */
  gas?: { allowance: bigint; spent: bigint };
  /** Unix time of the block that was read. */
  asOf: number;
};

/**
 * Reads the status of a session from the chain: whether it is usable, why not, and what is left of each budget.
 *
 * Where the chain has Multicall3, this takes two requests for a budget of up to 128 lots and up to ten or so for any other,
 * and what several calls ask at the same time through one client is asked together.
 *
 * It works with `JSON.stringify`, as all results of this SDK do: bigints become decimal strings there.
 *
 * @param client Any viem client of the grant's chain.
 * @throws {InvalidGrant} WRONG_CHAIN
 * @throws {Refusal} NETWORK if the node cannot be reached; UNKNOWN if the contract at the grant's `module` is not a
 * session module.
 */
export async function sessionStatus(
  client: Client<Transport, Chain | undefined>,
  grant: Grant,
): Promise<SessionStatus> {
  const together = sharedAggregatingClient(client);
  const chain = requireGrantChain(together, grant);
  const standing = readStanding(together, grant);
  // A session of another chain fails in many ways, and this one explains them.
  standing.catch(() => {});
  await chain;
  return standing;
}

/** One request, and as many for budgets with signed payments as it takes to see which lots are opened. */
async function readStanding(client: AggregatingClient, grant: Grant): Promise<SessionStatus> {
  const session = sessionIn(grant);
  const { account } = session;
  const id = hashSession(session);
  const module = { address: grant.module, abi: sessionModuleAbi } as const;
  const adapter = accountAdapterOf(grant.accountKind);
  const time = client.chainTime();
  const [now, { state, paused }, epoch, moduleRefusal, gasSpent, budgets] = await Promise.all([
    time,
    readStateAndPause(client, { module: grant.module, id, account }),
    readContract(client, { ...module, functionName: "epochOf", args: [account] }),
    adapter.moduleRefusal(client, { account, module: grant.module }),
    !adapter.sendsUserOps
      ? undefined
      : readContract(client, {
          address: grant.module,
          abi: erc7579ModuleAbi,
          functionName: "gasSpentBy",
          args: [id, account],
        }),
    Promise.all(
      session.budgets.map(async (budget, index): Promise<BudgetStatus> => {
        const [period, released, spent, resetsAt] = await readContract(client, {
          ...module,
          functionName: "budgetOf",
          args: [encodeSession(session), BigInt(index)],
        });
        const isOpen = budget.signatures > 0 && (await time) >= session.validAfter;
        const { lots, exact } = isOpen
          ? await openedLots(client, { account, id, budget, budgetIndex: index, period })
          : { lots: 0n, exact: true };
        const opened = lots * budget.perTransaction;
        const left = released - spent - opened;
        return {
          token: budget.token,
          perTransaction: budget.perTransaction,
          limit: budget.perPeriod,
          released,
          spent,
          opened,
          remaining: left > 0n ? left : 0n,
          exact,
          period,
          resetsAt: Number(resetsAt),
          ...(budget.perSecond > 0n && {
            stream: {
              perSecond: budget.perSecond,
              fullAt: Math.min(
                session.validAfter +
                  Number(period) * budget.period +
                  (secondsUntilReleased(budget, budget.perPeriod) ?? budget.period),
                Number(resetsAt),
              ),
            },
          }),
          recipients: budget.recipients.every((one) => isAddressEqual(one, ANYONE))
            ? "anyone"
            : budget.recipients,
        };
      }),
    ),
  ]);
  const epochCurrent = epoch === session.epoch;
  const moduleEnabled = moduleRefusal === undefined;
  const reasons: InactiveReason[] = [];
  if (state === "REVOKED") reasons.push("REVOKED");
  if (paused) reasons.push("PAUSED");
  if (!epochCurrent) reasons.push("WRONG_EPOCH");
  if (now < session.validAfter) reasons.push("NOT_YET_VALID");
  if (now >= session.validUntil) reasons.push("EXPIRED");
  if (!moduleEnabled) reasons.push("MODULE_NOT_ENABLED");
  if (state === "UNKNOWN" && grant.signature === "0x") reasons.push("NOT_GRANTED");
  return loggable({
    id,
    active: reasons.length === 0,
    reasons,
    state,
    paused,
    epochCurrent,
    moduleEnabled,
    startsAt: session.validAfter,
    expiresAt: session.validUntil,
    budgets,
    ...(gasSpent === undefined ? {} : { gas: { allowance: session.gasAllowance, spent: gasSpent } }),
    asOf: now,
  });
}
