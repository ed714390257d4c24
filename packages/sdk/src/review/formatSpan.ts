const units = [
  ["week", 604_800],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
] as const;

/**
 * A span of time as people say it, exact: `"1 day"`, `"90 minutes"`. The largest unit that divides it is taken.
 *
 * @param seconds A whole number above zero.
 */
export function formatSpan(seconds: number): string {
  const [name, length] = units.find(([, unit]) => seconds % unit === 0) ?? ["second", 1];
  const count = seconds / length;
  return `${count} ${name}${count === 1 ? "" : "s"}`;
}
