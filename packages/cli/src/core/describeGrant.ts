import { budgetSummary, type Grant, sessionStatus } from "@latchkey/sdk";
import { type Address, type Chain, type Client, formatEther, type Transport } from "viem";
import { getBalance } from "viem/actions";

/** What is left of one budget, in whole tokens. */
export type BudgetState = {
  token: Address;
  symbol: string;
  limit: string;
  paid: string;
  reserved: string;
  available: string;
  resetsAt: string;
  recipients: readonly Address[] | "anyone";
};

/** A session as it stands on the chain. */
export type GrantState = {
  id: string;
  active: boolean;
  /** Why it cannot be used, if it cannot. */
  reasons: readonly string[];
  account: Address;
  key: Address;
  chainId: number;
  startsAt: string;
  expiresAt: string;
  budgets: readonly BudgetState[];
  /** What the key has of the chain's coin, for transactions; payments by x402 need none. */
  gas: string;
};

const timeText = (seconds: number) => new Date(Math.min(seconds * 1000, 8.64e15)).toISOString();

/** Reads from the chain whether a session can be used, and what is left of it. */
export async function describeGrant(
  client: Client<Transport, Chain | undefined>,
  grant: Grant,
): Promise<GrantState> {
  const { account, key } = grant.session;
  // First: of another chain's node the others say less.
  const status = await sessionStatus(client, grant);
  const [budgets, balance] = await Promise.all([
    budgetSummary(client, grant),
    getBalance(client, { address: key }),
  ]);
  return {
    id: status.id,
    active: status.active,
    reasons: status.reasons,
    account,
    key,
    chainId: grant.chainId,
    startsAt: timeText(status.startsAt),
    expiresAt: timeText(status.expiresAt),
    budgets: budgets.map(({ token, symbol, limit, paid, reserved, available, resetsAt }, index) => ({
      ...{ token, symbol, limit, paid, reserved, available, resetsAt },
      recipients: status.budgets[index]?.recipients ?? [],
    })),
    gas: formatEther(balance),
  };
}
