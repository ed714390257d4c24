/**
 * Whether a callback leads only to the reader's own machine. It is compared with one plain form instead of being
 * parsed, so that no trick with URLs (credentials, look-alike hosts, escapes, notations of an IP) can
 * work.
 */
export function isLoopbackCallback(callback: string): boolean {
  const match = /^http:\/\/(?:127\.0\.0\.1|localhost):([1-9][0-9]{0,4})\/[A-Za-z0-9_-]{1,128}$/.exec(
    callback,
  );
  return match !== null && Number(match[1]) <= 65_535;
}
