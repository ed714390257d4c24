import { LONGEST_VALIDITY } from "./paymentWindow.ts";

/** Seconds that every server gets, however short its offer: x402's own servers wait as long for their facilitator. */
const SHORTEST = 90;

/** An attempt that failed sooner than this, in milliseconds, is repeated: the server cannot have worked for long. */
const PROMPT = 10_000;

/** Statuses by which a gateway says that the server behind it still works: 524 is Cloudflare's. */
const STILL_WORKING = [504, 524];

/**
 * Whether the `fetch` in use has given up waiting by itself: Node's does after five minutes, others are told to. A server that
 * cannot be connected to has not begun.
 */
const hasGivenUp = (error: unknown): boolean =>
  error instanceof Error &&
  [error, error.cause].some((each) =>
    /(?<!Connect)TimeoutError$/.test((each as Error | undefined)?.name ?? ""),
  );

/** Statuses by which a gateway says that it did not reach the server. They say nothing about the payment. */
const UNREACHED = [502, 503];

/**
 * How long to wait for the response to a paid request, in milliseconds: as long as the offer says that a payment may take, but
 * at least 90 seconds and at most an hour.
 */
export const responsePatience = (maxTimeoutSeconds: number): number =>
  1000 * Math.min(Math.max(maxTimeoutSeconds, SHORTEST), LONGEST_VALIDITY);

/**
 * How long a payment's response may take in all, in milliseconds: every attempt but the last fails promptly, as a late one is
 * not repeated.
 *
 * @param patience For one attempt.
 */
export const longestWait = (
  patience: number,
  { resends, resendDelay }: { resends: number; resendDelay: number },
): number => patience + resends * Math.min(PROMPT, patience) + resendDelay * (2 ** resends - 1);

/** What a failed attempt says: `again`, the server has most likely not worked; `late`, it may still work. */
export type Failure = "again" | "late";

/**
 * Whether an attempt without an answer of the server itself may be repeated at once. A late one may not: the work could
 * still be under way, and would be done twice.
 *
 * @param attempt.lasted Milliseconds.
 * @param attempt.status Of a response; none if the connection failed.
 * @param attempt.error Why it failed.
 * @returns Undefined for a response that is the server's own.
 */
export function failureOf(attempt: {
  lasted: number;
  status?: number;
  error?: unknown;
}): Failure | undefined {
  const { lasted, status, error } = attempt;
  if (hasGivenUp(error)) return "late";
  if (status !== undefined && STILL_WORKING.includes(status)) return "late";
  if (status !== undefined && !UNREACHED.includes(status)) return undefined;
  return lasted < PROMPT ? "again" : "late";
}
