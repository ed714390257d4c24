const words: Readonly<Record<number, string>> = {
  3600: "this hour",
  86400: "today",
  604800: "this week",
};

/**
 * How a reader calls the current period of a budget.
 *
 * @param seconds Its length.
 * @param span Of the session, in seconds: a period that lasts as long is the only one.
 */
export const currentPeriodWords = (seconds: number, span = Number.POSITIVE_INFINITY): string =>
  seconds >= span ? "so far" : (words[seconds] ?? "in this period");
