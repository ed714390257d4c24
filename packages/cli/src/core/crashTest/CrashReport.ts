/** What happens to the agent in one part of the crash test. */
export type CrashScenario = "replicas" | "restart" | "period edge" | "other token" | "stolen key";

/** What one way to limit an agent let through in one scenario. Amounts are dollars, as decimal strings. */
export type CrashRow = {
  scenario: CrashScenario;
  /** What limits the agent. */
  guard: string;
  /** How it is set up. */
  setup: string;
  /** Why the outcome is what it is, from how the guard works. */
  why: string;
} & (
  | {
      verdict: "held" | "exceeded";
      /** What the agent or the thief tried to spend. */
      asked: string;
      /** What left the account, by its balances on the chain. */
      left: string;
      /** The same in each part of the scenario: before the edge of the day, and after it. */
      parts: readonly string[];
      /** How much of that went beyond what the owner allowed. */
      beyond: string;
      /** How much of that the thief has. */
      toThief: string;
      /** Seconds between the first and the last payment, by the blocks they are in; 0 if there was one or none. */
      seconds: number;
      /** Why purchases were refused, each reason once. */
      refusals: readonly string[];
    }
  | {
      verdict: "not installed";
      /** The packages to install. */
      missing: readonly string[];
    }
);

/** What the crash test measured. */
export type CrashReport = {
  /** What the owner allows for a day, in dollars. */
  perDay: string;
  /** The versions of what was tested, by package. */
  versions: Readonly<Record<string, string>>;
  rows: readonly CrashRow[];
};
