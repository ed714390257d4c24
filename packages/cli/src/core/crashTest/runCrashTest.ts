import type * as devchain from "@latchkey/devchain";
import { isRefusal } from "@latchkey/sdk";
import { formatUnits } from "viem";
import { PER_DAY, TRIES } from "./allowance.ts";
import type { CrashReport, CrashRow } from "./CrashReport.ts";
import { type CrashWorld, type HeldKey, newKey, openCrashWorld } from "./CrashWorld.ts";
import type { LimitedAgent, Pay } from "./Guard.ts";
import { loadPeers } from "./peers.ts";
import { SCENARIOS, type Scenario } from "./scenarios.ts";

/** Options of {@link runCrashTest}. */
export type CrashTestParameters = {
  /** The development chain's package. */
  devchain: typeof devchain;
  /** Where the packages are looked for that the session is compared with. Default: the working directory. */
  folder?: string;
  /** Called before a scenario runs. */
  onScenario?: (scenario: Pick<Scenario, "name" | "story">) => void;
  /** Called with each row of a scenario that has run. */
  onRow?: (row: CrashRow) => void;
  /** Stops the test between two guards. */
  signal?: AbortSignal;
};

/**
 * Lets agents with a limit of $20 a day come to grief, on a development chain of this machine: in ten replicas, in a restart,
 * with another token, by a stolen key, at the edge of a day. Each guard has a wallet of its own, fresh for each scenario. What it
 * let through is counted on the chain, never by what the guard says.
 *
 * @throws {DevChainError} The development chain does not start.
 */
export async function runCrashTest(parameters: CrashTestParameters): Promise<CrashReport> {
  const { devchain, folder = process.cwd(), onScenario, onRow, signal } = parameters;
  const peers = loadPeers(folder);
  signal?.throwIfAborted();
  const world = await openCrashWorld(devchain, peers);
  try {
    const rows: CrashRow[] = [];
    for (const scenario of SCENARIOS) {
      signal?.throwIfAborted();
      onScenario?.(scenario);
      for (const row of await runScenario(world, scenario, signal)) {
        rows.push(row);
        onRow?.(row);
      }
    }
    return { perDay: formatUnits(PER_DAY, 6), versions: peers.versions, rows };
  } finally {
    await world.close();
  }
}

/** A guard in one scenario: one that cannot run, or its agent. */
type Run = { about: Pick<CrashRow, "scenario" | "guard" | "setup" | "why"> } & (
  | { missing: readonly string[] }
  | {
      agent: LimitedAgent;
      pay: Pay;
      thief: HeldKey;
      refusals: Set<string>;
      /** What had left the account after each part. */
      totals: bigint[];
    }
);

async function runScenario(world: CrashWorld, scenario: Scenario, signal?: AbortSignal): Promise<CrashRow[]> {
  const { parts, pause } = scenario;
  const runs: Run[] = [];
  for (const { guard, why } of scenario.guards) {
    const about = { scenario: scenario.name, guard: guard.name, setup: guard.setup, why };
    const missing = guard.missing(world);
    if (missing.length > 0) {
      runs.push({ about, missing });
      continue;
    }
    const agent = await guard.open(world, pause === undefined ? {} : { untilEdge: pause });
    runs.push({ about, agent, pay: agent.start(), thief: newKey(), refusals: new Set(), totals: [] });
  }
  for (const [index, part] of parts.entries()) {
    if (index > 0 && pause !== undefined) await world.wait(pause);
    for (const run of runs) {
      if (!("agent" in run)) continue;
      const buyTill = (pay: Pay, url = world.report.forUsdc) => buy(pay, url, run.refusals, signal);
      await part({ world, agent: run.agent, pay: run.pay, thief: run.thief, buyTill });
      const { usdc, other } = await world.movement(run.agent.account);
      run.totals.push(usdc + other);
    }
  }
  return Promise.all(
    runs.map(async (run): Promise<CrashRow> => {
      if (!("agent" in run)) return { ...run.about, verdict: "not installed", missing: run.missing };
      const { usdc, other, toThief, seconds } = await world.movement(run.agent.account, run.thief.address);
      const stolen = toThief.usdc + toThief.other;
      // The owner allows the shop, USDC and the day's limit.
      const paid = usdc - toThief.usdc;
      const beyond = stolen + (other - toThief.other) + (paid > PER_DAY ? paid - PER_DAY : 0n);
      return {
        ...run.about,
        verdict: beyond === 0n ? "held" : "exceeded",
        asked: formatUnits(scenario.asked, 6),
        left: formatUnits(usdc + other, 6),
        parts: run.totals.map((total, index) => formatUnits(total - (run.totals[index - 1] ?? 0n), 6)),
        beyond: formatUnits(beyond, 6),
        toThief: formatUnits(stolen, 6),
        seconds,
        refusals: [...run.refusals],
      };
    }),
  );
}

/** Tries to buy TRIES times, one after the other, as an agent does that takes no refusal for an answer. */
async function buy(pay: Pay, url: string, refusals: Set<string>, signal?: AbortSignal): Promise<void> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    signal?.throwIfAborted();
    try {
      const { ok, status } = await pay(url);
      if (!ok) refusals.add(`the shop answered ${status}`);
    } catch (error) {
      refusals.add(isRefusal(error) ? error.code : String((error as Error).message));
    }
  }
}
