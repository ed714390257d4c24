import {
  type Address,
  type Chain,
  type Client,
  erc20Abi,
  type Hex,
  isAddressEqual,
  type Transport,
} from "viem";
import { loggable } from "../../errors/json.ts";
import type { SessionCarrier } from "../../grant/SessionCarrier.ts";
import { type ListedSession, listSessions } from "../../history/listSessions.ts";
import { type AggregatingClient, sharedAggregatingClient } from "../../internal/aggregatingClient.ts";
import { readContract } from "../../internal/chainActions.ts";
import { parseAddress } from "../../internal/parseAddress.ts";
import { type BlockRange, resolveBlockRange } from "../../internal/readLogs.ts";
import { isPaidByPermit2 } from "../../session/paymentMethods.ts";
import { PERMIT2 } from "../../session/permit2.ts";
import { permit2Need } from "../../session/permit2Need.ts";
import type { Session } from "../../session/Session.ts";
import { slotPrefix } from "../../session/slotPrefix.ts";
import { usedNodes, worthOfNodes } from "../../session/usedNodes.ts";
import { type Permit2Spender, permit2Spenders } from "./permit2Spenders.ts";

/** Where the sessions and Permit2's own allowances of an account are looked for. */
export type Permit2Search = BlockRange & {
  /** Sessions that are known from their grant files: one that was only ever used by signature has no event. */
  grants?: readonly SessionCarrier[];
};

/** What an account's approval of Permit2 is good for, of one token. Amounts in base units. */
export type Permit2Standing = {
  token: Address;
  /** What Permit2 may take. Anything else that can sign for the account could have it take up to that. */
  allowance: bigint;
  /** Most that the account's live sessions could still have it take until they end. */
  needed: bigint;
  /** How much `allowance` is too small, else 0. */
  missing: bigint;
  /** How much of `allowance` no live session needs. */
  excess: bigint;
  /** The live sessions that Permit2 pays for. */
  sessions: readonly { id: Hex; needed: bigint }[];
  /** Who could take the token out of Permit2 by an allowance that Permit2 keeps. */
  spenders: readonly Permit2Spender[];
};

/**
 * Reads what an account's approval of Permit2 for a token is good for: the allowance, what live sessions need of it, and
 * who else could use it, as far as events within the range and grant files show.
 *
 * @param client Any viem client of the chain.
 * @throws {Refusal} INVALID_ADDRESS; INVALID_RANGE; NETWORK; UNKNOWN: the token returns no allowance.
 */
export async function permit2Standing(
  client: Client<Transport, Chain | undefined>,
  parameters: { account: Address; module: Address; token: Address } & Permit2Search,
): Promise<Permit2Standing> {
  const token = parseAddress(parameters.token, "token");
  const account = parseAddress(parameters.account, "account");
  const together = sharedAggregatingClient(client);
  const [listed, range] = await Promise.all([
    listSessions(client, parameters),
    resolveBlockRange(client, parameters),
  ]);
  const live = listed.filter(({ alive }) => alive);
  const [standing, spenders] = await Promise.all([
    readAllowance(together, { account, token, live }),
    permit2Spenders(together, range, { account, tokens: [token] }),
  ]);
  return loggable({ ...standing, spenders });
}

/** The allowance of a token, and what live sessions need of it. */
export async function readAllowance(
  client: AggregatingClient,
  parameters: { account: Address; token: Address; live: readonly Pick<ListedSession, "id" | "session">[] },
): Promise<Omit<Permit2Standing, "spenders">> {
  const { account, token, live } = parameters;
  const erc20 = { address: token, abi: erc20Abi } as const;
  const [now, allowance] = await Promise.all([
    client.chainTime(),
    readContract(client, { ...erc20, functionName: "allowance", args: [account, PERMIT2] }),
  ]);
  const needs = await Promise.all(
    live.map(async ({ id, session }) => ({
      id,
      needed: await sessionNeed(client, { id, session, token, now }),
    })),
  );
  const sessions = needs.filter((one): one is { id: Hex; needed: bigint } => one.needed !== undefined);
  const needed = sessions.reduce((total, one) => total + one.needed, 0n);
  const more = needed - allowance;
  return {
    token,
    allowance,
    needed,
    missing: more > 0n ? more : 0n,
    excess: more < 0n ? -more : 0n,
    sessions,
  };
}

/** Lots that are read to see what of a period is used: payments fill them from 0 up. */
const LOTS_READ = 128n;

/** What Permit2 could still take for a session; undefined if it does not pay for it in this token. */
async function sessionNeed(
  client: AggregatingClient,
  { id, session, token, now }: { id: Hex; session: Session; token: Address; now: number },
): Promise<bigint | undefined> {
  const budgetIndex = session.budgets.findIndex((one) => isAddressEqual(one.token, token));
  const budget = session.budgets[budgetIndex];
  if (!budget || !isPaidByPermit2(budget)) return undefined;
  const { perTransaction, perPeriod } = budget;
  if (now < session.validAfter || now >= session.validUntil) return permit2Need(session, budget, { now });
  const period = BigInt(Math.floor((now - session.validAfter) / budget.period));
  const lots = perPeriod / perTransaction;
  const words = await usedNodes(client, {
    account: session.account,
    prefix: slotPrefix({ id, budgetIndex, period }),
    lots: Array.from({ length: Number(lots < LOTS_READ ? lots : LOTS_READ) }, (_, lot) => BigInt(lot)),
  });
  const used = words.reduce((sum, nodes) => sum + worthOfNodes(perTransaction, nodes), 0n);
  return permit2Need(session, budget, { now, used });
}
