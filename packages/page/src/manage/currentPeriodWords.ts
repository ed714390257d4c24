const words: Readonly<Record<number, string>> = {
  3600: "this hour",
  86400: "today",
  604800: "this week",
};

/** How a reader calls the current period of a budget. @param seconds Its length. */
export const currentPeriodWords = (seconds: number): string => words[seconds] ?? "in this period";
