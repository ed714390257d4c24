import type { BudgetRequests, Duration, TokenBudgetRequest } from "@latchkey/sdk";
import { type Address, isAddress } from "viem";
import { UsageError } from "./UsageError.ts";

const GRAMMAR = "token:most-per-payment:limit/period@recipient, for example usdc:1:20/day@0xShop";
const AMOUNT = String.raw`\d+(?:\.\d+)?`;
const LIMIT = new RegExp(`^([^:@/]+):(${AMOUNT}):(${AMOUNT})/([^@/:]+)(?:@(.*))?$`);

/** The names of periods, as the SDK's. */
const PERIODS = { hour: "perHour", day: "perDay", week: "perWeek", total: "inAll" } as const;

/** A limit on one line, as it was typed. */
export type TypedLimit = { token: "usdc" | "native" | Address; request: TokenBudgetRequest };

/**
 * Parses a limit of `--allow`: `usdc:1:20/day@0xShop`, `native:0.01:0.1/6h@anyone`, `0xToken:5:5/total@0xA+0xB`.
 *
 * @throws {UsageError} In one line, what is wrong.
 */
export function parseLimit(text: string): TypedLimit {
  const wrong = (why: string) => new UsageError(`--allow ${text}: ${why}`);
  const match = LIMIT.exec(text);
  if (!match) throw wrong(`it must read ${GRAMMAR}`);
  const [, name = "", perTransaction = "", limit = "", period = "", recipients] = match;
  const lower = name.toLowerCase();
  const token = lower === "usdc" || lower === "native" ? lower : name;
  if (token !== "usdc" && token !== "native" && !isAddress(token))
    throw wrong(`"${name}" is neither usdc nor native nor a valid address`);
  if (recipients === undefined || recipients === "")
    throw wrong("it does not say who may be paid: add @0xShop, or @anyone");
  const named = recipients.split("+");
  const stranger = named.find((one) => !isAddress(one));
  if (recipients !== "anyone" && stranger !== undefined)
    throw wrong(`"${stranger}" is not a valid address; write @0xShop, @0xOne+0xOther or @anyone`);
  return {
    token,
    request: {
      perTransaction,
      ...limitOf(limit, period, wrong),
      recipients: recipients === "anyone" ? "anyone" : (named as Address[]),
    } as TokenBudgetRequest,
  };
}

function limitOf(limit: string, period: string, wrong: (why: string) => UsageError) {
  if (Object.hasOwn(PERIODS, period)) return { [PERIODS[period as keyof typeof PERIODS]]: limit };
  if (!/^\d+[smhdw]$/.test(period))
    throw wrong(`"${period}" is not a period: use hour, day, week, total, or a duration such as 6h`);
  return { perPeriod: limit, period: period as Duration };
}

/**
 * The budgets of several `--allow`.
 *
 * @param usdc USDC's address on a chain whose USDC the SDK does not know.
 * @throws {UsageError} One is wrong, or a token is named twice.
 */
export function parseLimits(texts: readonly string[], usdc?: Address): BudgetRequests {
  const limits = texts.map(parseLimit);
  const names = limits.map(({ token }) => token.toLowerCase());
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw new UsageError(`--allow: ${twice} has two limits, and can have one`);
  return Object.fromEntries(
    limits.map(({ token, request }) => [
      token,
      token === "usdc" && usdc !== undefined ? { ...request, token: usdc } : request,
    ]),
  );
}

/**
 * Parses the end of a session: a duration, or a date.
 *
 * @throws {UsageError}
 */
export function parseEnd(text: string): Duration | Date {
  if (/^\d+[smhdw]$/.test(text)) return text as Duration;
  const date = new Date(text);
  if (/^\d{4}-\d{2}-\d{2}/.test(text) && !Number.isNaN(date.getTime())) return date;
  throw new UsageError(
    `--until ${text}: use a duration such as 12h or 7d, or a date such as 2027-01-31T12:00:00Z`,
  );
}
