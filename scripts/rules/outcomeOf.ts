import type { Verdict } from "./Verdict.ts";

/** What became of a rule that was left out. */
export type Outcome = {
  kind: "caught" | "survived" | "error";
  /** The tests that noticed; else one line that says what happened. */
  lines: [string, ...string[]];
};

/** What a verdict says of the rule. A test that only took too long has noticed nothing. */
export function outcomeOf(verdict: Verdict | "the worker died"): Outcome {
  if (typeof verdict === "string") return { kind: "error", lines: [`ERROR ${verdict}`] };
  const [first, ...others] = verdict.failures.filter(({ timedOut }) => !timedOut).map(({ title }) => title);
  if (first !== undefined) return { kind: "caught", lines: [first, ...others] };
  const [slow] = verdict.failures;
  if (slow) return { kind: "error", lines: [`ERROR too slow to tell: ${slow.title}`] };
  return { kind: "survived", lines: ["SURVIVED"] };
}
