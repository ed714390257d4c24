import { PageFailure } from "../wording/PageFailure.ts";
import type { ChainSettings } from "./ChainSettings.ts";

/** Chains and clocks differ by some seconds; the reader's dates are shown to the minute. */
const MOST_SECONDS = 300;

/**
 * Whether the device's clock and the chain's tell different times: then the dates on the page, and the end of a session,
 * would not be what the reader takes them for.
 *
 * @param blockTime Of the latest block, in seconds of Unix time.
 * @param clock Of the device, in milliseconds.
 * @returns CLOCK_OFF, or undefined where they agree. A local chain may rest between blocks, so there only a clock that is
 * behind the chain counts.
 */
export function clockFailure(
  blockTime: number,
  clock: number,
  { isLocal }: Pick<ChainSettings, "isLocal">,
): PageFailure | undefined {
  const ahead = Math.round(clock / 1000) - blockTime;
  const isOff = isLocal ? ahead < -MOST_SECONDS : Math.abs(ahead) > MOST_SECONDS;
  return isOff
    ? new PageFailure("CLOCK_OFF", { minutes: String(Math.round(Math.abs(ahead) / 60)) })
    : undefined;
}
