import { formatSpan } from "@latchkey/sdk/review";

/** The words for a period: `each` begins a row ("Each day"), `every` tells when it begins anew ("every day"). */
export type PeriodWords = { each: string; every: string };

/**
 * A period as people say it, exact: "Each day", "Each 90 minutes".
 *
 * @param seconds A whole number above zero.
 * @param span Of the session, in seconds: a period that lasts as long is none, and its limit holds "in all".
 */
export function periodWords(seconds: number, span = Number.POSITIVE_INFINITY): PeriodWords {
  if (seconds >= span) return { each: "In all", every: "in all" };
  const period = formatSpan(seconds).replace(/^1 (\w+)$/, "$1");
  return { each: `Each ${period}`, every: `every ${period}` };
}
