import { writeFileSync } from "node:fs";

/** What one run of one suite came to, as its runner counted it. */
export type Tally = {
  passed: number;
  failed: number;
  /** Titles of the tests that asked to be skipped. */
  skipped: string[];
  /** Tests that never started, because a hook before them failed. */
  notRun: number;
  /** Files or test contracts of the suite in which no test ran. */
  empty: string[];
};

/**
 * Leaves a suite's tally for the process that started it, and ends this one.
 * A suite that dies earlier leaves none, and is counted as crashed, whatever its exit code says.
 *
 * @param path Where to; the caller's first argument.
 */
export function leaveTally(path: string | undefined, tally: Tally): never {
  if (path) writeFileSync(path, JSON.stringify(tally));
  process.exit(tally.failed > 0 || tally.notRun > 0 || tally.empty.length > 0 ? 1 : 0);
}
