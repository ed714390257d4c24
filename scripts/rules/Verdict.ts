/** A test that failed. */
export type Failure = {
  title: string;
  /** What it failed with. */
  why: string;
  /** It only took too long, which says nothing of the rule. */
  timedOut: boolean;
};

/** How the tests of some code ended. */
export type Verdict = {
  passed: number;
  /** In the order in which they failed; the first alone, unless all were asked for. */
  failures: Failure[];
};
