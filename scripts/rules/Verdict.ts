/** How the tests of some code ended. */
export type Verdict = {
  passed: number;
  /** The first test that failed; none if all passed. */
  caughtBy?: string;
  /** What it failed with. */
  why?: string;
  /** That test only took too long, which says nothing of the rule. */
  timedOut?: boolean;
};
