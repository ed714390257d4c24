/**
 * A moment as ISO 8601 to the second, `"2026-11-22T10:00:00Z"`. JavaScript's dates end before the chain's do: what lies
 * behind is named by its number, where `toISOString` would throw.
 *
 * @param seconds Unix time.
 */
export function utcText(seconds: number | bigint): string {
  const date = new Date(Number(seconds) * 1000);
  return Number.isNaN(date.getTime())
    ? `second ${seconds} of Unix time`
    : date.toISOString().replace(".000Z", "Z");
}
