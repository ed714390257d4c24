const words: Readonly<Record<number, string>> = {
  3600: "this hour",
  86400: "today",
  604800: "this week",
};

/**
 * A label for a budget's current period.
 *
 * @param seconds The period's length.
 * @param span The session's length in seconds: a period at least that long is the only one.
 */
export const currentPeriodWords = (seconds: number, span = Number.POSITIVE_INFINITY): string =>
  seconds >= span ? "so far" : (words[seconds] ?? "in this period");
