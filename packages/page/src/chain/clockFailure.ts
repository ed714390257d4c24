import { PageFailure } from "../wording/PageFailure.ts";
import type { ChainSettings } from "./ChainSettings.ts";

/** Chains and clocks differ by seconds; dates are shown to the minute. */
const MOST_SECONDS = 300;

/**
 * Checks the device's clock against the chain's: if they differ, the dates on the page, and the end of a session, would
 * mislead the user.
 *
 * @param blockTime The latest block's time, in seconds of Unix time.
 * @param clock The device's time, in milliseconds.
 * @returns CLOCK_OFF, or undefined if they agree. A local chain's time may stand still between blocks, so there only a
 * clock behind the chain counts.
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
