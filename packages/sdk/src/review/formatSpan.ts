import { parseWhole } from "../internal/parseWhole.ts";

const units = [
  ["week", 604_800],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
] as const;

const count = (number: number, unit: string) => `${number} ${unit}${number === 1 ? "" : "s"}`;

/** More hours, minutes or seconds than this are hard to picture, and are told by larger units. */
const MOST = 120;

/**
 * A duration in words, exact: `"1 day"`, `"90 minutes"`, `"6 days 23 hours 33 minutes 37 seconds"`. The largest
 * unit that divides it is taken; where that makes a large number of small units, several.
 *
 * @param seconds A whole number.
 * @throws {InvalidInput} INVALID_INPUT
 */
export function formatSpan(seconds: number): string {
  parseWhole(seconds, "seconds", Number.MAX_SAFE_INTEGER);
  const [name, length] = units.find(([, unit]) => seconds % unit === 0) ?? ["second", 1];
  if (length >= 86_400 || seconds / length <= MOST) return count(seconds / length, name);
  let left = seconds;
  const parts: string[] = [];
  // People count many days in days.
  for (const [unit, size] of units.slice(1)) {
    const whole = Math.floor(left / size);
    left -= whole * size;
    if (whole > 0) parts.push(count(whole, unit));
  }
  return parts.join(" ");
}
