import { LAST_DATE, momentText } from "./momentText.ts";

/**
 * A moment in the user's time zone and language, for example `"Sun, 29 Nov 2026, 10:00 CET"`.
 *
 * @param props.at Unix time in seconds.
 * @param props.short Day and time only, for lists.
 */
export const Moment = ({ at, short = false }: { at: number; short?: boolean }) =>
  at > LAST_DATE ? (
    <span className="number">{momentText(at, { short })}</span>
  ) : (
    <time className="number" dateTime={new Date(at * 1000).toISOString()}>
      {momentText(at, { short })}
    </time>
  );
