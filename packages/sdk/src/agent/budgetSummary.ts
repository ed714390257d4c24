import { type Address, type Chain, type Client, formatUnits, isAddressEqual, type Transport } from "viem";
import { utcText } from "../errors/utcText.ts";
import type { Grant } from "../grant/Grant.ts";
import { parseAddress } from "../internal/parseAddress.ts";
import { parseList } from "../internal/parseList.ts";
import { parseWhole } from "../internal/parseWhole.ts";
import { readTokenUnit } from "../internal/readTokenUnit.ts";
import { type BudgetStatus, sessionStatus } from "./sessionStatus.ts";

/**
 * What became of one budget in its current period. Amounts are decimal strings in whole tokens: `paid`, `reserved` and
 * `available` add up to `limit`.
 */
export type BudgetSummary = {
  token: Address;
  /** As the token names itself. A stranger's token may use any symbol. */
  symbol: string;
  /** Limit of the period; of a stream, what it has released so far. */
  limit: string;
  /** By transactions and userOps; with a meter, also by signed payments that settled. */
  paid: string;
  /** Kept for signed payments (x402): those in flight, and those to come. Without a meter, also those that settled. */
  reserved: string;
  /** For any payment. */
  available: string;
  /** When the next period starts or the session ends, ISO 8601. */
  resetsAt: string;
  /** Only of a stream: what each second adds to `limit` and `available`, up to what, and from when on nothing is added before `resetsAt`. */
  stream?: { perSecond: string; upTo: string; fullAt: string };
};

/** What was paid by signatures, as `spendMeter` of `@latchkey/sdk/history` returns it. */
export type SettledSpending = {
  readonly token: Address;
  readonly periods: readonly { readonly period: bigint; readonly settled: bigint }[];
};

/**
 * Where a session's budgets stand, in words and numbers for people, logs and language models: strings only, safe for
 * JSON.
 *
 * The chain's state does not show the amounts of signed payments. Pass a meter to have those that settled counted as
 * `paid`; without one they are part of `reserved`.
 *
 * @param client Any viem client of the grant's chain.
 * @param options.meter From `spendMeter`, over events up to now.
 * @returns One entry for each of the session's budgets, in their order.
 * @throws {Refusal} As {@link sessionStatus}; UNKNOWN_TOKEN: a token does not return its decimals.
 *
 * @example
 * const [usdc] = await budgetSummary(client, grant);
 * // { symbol: "USDC", limit: "20", paid: "3.5", reserved: "1", available: "15.5", resetsAt: "2026-11-23T10:00:00Z", … }
 */
export async function budgetSummary(
  client: Client<Transport, Chain | undefined>,
  grant: Grant,
  { meter = [] }: { meter?: readonly SettledSpending[] } = {},
): Promise<BudgetSummary[]> {
  const settlements = parseList(meter, "meter", (one, path) => ({
    token: parseAddress(one?.token, `${path}.token`),
    periods: parseList(one.periods, `${path}.periods`, (each, place) => ({
      period: parseWhole(each?.period, `${place}.period`, 1n << 256n),
      settled: parseWhole(each.settled, `${place}.settled`, 1n << 256n),
    })),
  }));
  const { budgets } = await sessionStatus(client, grant);
  const units = await Promise.all(
    budgets.map(({ token }, index) => readTokenUnit(client, token, grant.chainId, `budgets[${index}]`)),
  );
  return budgets.map((budget, index) => {
    const { symbol, decimals } = units[index] as { symbol: string; decimals: number };
    const { token, released, spent, remaining, resetsAt, stream } = budget;
    const kept = released - spent - remaining;
    const counted = settledOf(budget, settlements);
    // A meter that is read later may know more.
    const settled = counted < kept ? counted : kept;
    const text = (amount: bigint) => formatUnits(amount, decimals);
    return {
      token,
      symbol,
      limit: text(released),
      paid: text(spent + settled),
      reserved: text(kept - settled),
      available: text(remaining),
      resetsAt: utcText(resetsAt),
      ...(stream && {
        stream: {
          perSecond: text(stream.perSecond),
          upTo: text(budget.limit),
          fullAt: utcText(stream.fullAt),
        },
      }),
    };
  });
}

function settledOf({ token, period }: BudgetStatus, meter: readonly SettledSpending[]): bigint {
  const spending = meter.find((one) => isAddressEqual(one.token, token));
  return spending?.periods.find((one) => one.period === period)?.settled ?? 0n;
}
