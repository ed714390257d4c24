/**
 * A moment as ISO 8601 to the second, `"2026-11-22T10:00:00Z"`. The chain's dates go beyond JavaScript's, for which
 * `toISOString` would throw: those are written as a number.
 *
 * @param seconds Unix time.
 */
export function utcText(seconds: number | bigint): string {
  const date = new Date(Number(seconds) * 1000);
  return Number.isNaN(date.getTime()) ? `Unix time ${seconds}` : date.toISOString().replace(".000Z", "Z");
}
