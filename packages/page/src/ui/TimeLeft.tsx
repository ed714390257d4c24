import { timeLeftText } from "./timeLeftText.ts";

/**
 * Time until a moment: `"6 days 3 hours"`.
 *
 * @param props.until Unix time in seconds.
 * @param props.now This device's clock in milliseconds, from `useNow`.
 */
export const TimeLeft = ({ until, now }: { until: number; now: number }) => (
  <span className="number">{timeLeftText(until - now / 1000)}</span>
);
