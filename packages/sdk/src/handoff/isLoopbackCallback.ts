/**
 * Whether a callback leads to the reader's own machine and nowhere else. It is compared with one plain form instead of
 * taken apart, so that no trick of URLs (credentials, other hosts that look like it, escapes, ways of writing an IP) has
 * anything to work on.
 */
export function isLoopbackCallback(callback: string): boolean {
  const match = /^http:\/\/(?:127\.0\.0\.1|localhost):([1-9][0-9]{0,4})\/[A-Za-z0-9_-]{1,128}$/.exec(
    callback,
  );
  return match !== null && Number(match[1]) <= 65_535;
}
