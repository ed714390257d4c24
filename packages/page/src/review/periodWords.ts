import { formatSpan } from "@latchkey/sdk/review";

/** Labels for a period: `each` starts a row ("Each day"), `every` says when it resets ("every day"). */
export type PeriodWords = { each: string; every: string };

/**
 * A period in exact words: "Each day", "Each 90 minutes".
 *
 * @param seconds A positive integer.
 * @param span The session's length in seconds: a period at least that long is labelled "in all".
 */
export function periodWords(seconds: number, span = Number.POSITIVE_INFINITY): PeriodWords {
  if (seconds >= span) return { each: "In all", every: "in all" };
  const period = formatSpan(seconds).replace(/^1 (\w+)$/, "$1");
  return { each: `Each ${period}`, every: `every ${period}` };
}
