/** Unix time in seconds: JavaScript dates end here, sessions can end far later. */
export const LAST_DATE = 8.64e12;

/**
 * A moment in the user's time zone. The page is in English; the order of day and month follows the user's locale if
 * that is English.
 *
 * @param at Unix time in seconds.
 * @param options.short Without weekday, year and time zone.
 * @param options.timeZone Default: the device's time zone.
 */
export function momentText(
  at: number,
  { short = false, timeZone }: { short?: boolean; timeZone?: string } = {},
): string {
  if (at > LAST_DATE) return "after the year 275,000";
  const own = globalThis.navigator?.language ?? "";
  return new Intl.DateTimeFormat(own.startsWith("en") ? own : "en-GB", {
    day: "numeric",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
    ...(short ? {} : { weekday: "short", year: "numeric", timeZoneName: "short" }),
    ...(timeZone ? { timeZone } : {}),
  }).format(new Date(at * 1000));
}
