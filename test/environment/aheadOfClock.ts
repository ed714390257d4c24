import type { Connection } from "./setUp.ts";

/** Seconds, far more than any test takes. */
const AHEAD = 100;

/**
 * Brings a chain ahead of this machine's clock, so that only the time passes in a test that it lets pass. Hardhat's clock runs
 * on through the restoring of a snapshot, unseen in its blocks: after some minutes, payments would expire before they are sent.
 */
export async function aheadOfClock({ networkHelpers: { time } }: Connection): Promise<void> {
  const ahead = Math.floor(Date.now() / 1000) + AHEAD;
  if ((await time.latest()) < ahead) await time.increaseTo(ahead);
}
