const count = (number: number, unit: string) =>
  `${number.toLocaleString("en")} ${unit}${number === 1 ? "" : "s"}`;

/**
 * A duration in its two largest units, rounded down, so that nothing appears to last longer than it does: `"6 days 3
 * hours"`, `"4 minutes"`, `"12 seconds"`.
 *
 * @param seconds Below one: `"no time"`.
 */
export function timeLeftText(seconds: number): string {
  const whole = Math.floor(seconds);
  if (whole < 1) return "no time";
  const days = Math.floor(whole / 86_400);
  const hours = Math.floor((whole % 86_400) / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  if (days > 0) return hours > 0 ? `${count(days, "day")} ${count(hours, "hour")}` : count(days, "day");
  if (hours > 0)
    return minutes > 0 ? `${count(hours, "hour")} ${count(minutes, "minute")}` : count(hours, "hour");
  if (minutes > 0) return count(minutes, "minute");
  return count(whole, "second");
}
