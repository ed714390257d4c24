import fc from "fast-check";
import { SEED } from "../environment/seed.ts";
import type { Playground } from "./Playground.ts";
import { play } from "./play.ts";
import { type Scenario, scenarios } from "./scenario.ts";
import type { Tally } from "./World.ts";

/** Whether this is a run of `npm run test:deep`. */
export const DEEP = Boolean(process.env.LATCHKEY_DEEP);

/** A run is cut into chunks of so many sequences, each with a seed of its own. */
const CHUNK = 100;

/**
 * Plays random sequences on the playground's accounts, at least 30 steps each, every one from the same beginning.
 * @returns How often each kind of step ended in each way.
 * @throws If chain and model differ, with the seed that repeats it.
 */
export async function checkSequences(ground: Playground, sequences: number): Promise<Tally> {
  const tally: Tally = new Map();
  const { accounts } = ground;
  const modular = accounts.every((account) => account.modular !== undefined);
  let snapshot = await ground.takeSnapshot();
  const drawn = scenarios({ accounts: accounts.length, modular }, 30, 40);
  const property = fc.asyncProperty(drawn, async (scenario) => {
    await ground.restore(snapshot);
    snapshot = await ground.takeSnapshot();
    await play(ground, scenario, tally);
  });
  for (let done = 0; done < sequences; done += CHUNK) {
    const seed = SEED + done;
    const numRuns = Math.min(CHUNK, sequences - done);
    const found = await fc.check(property, { seed, numRuns });
    if (found.failed) {
      throw new Error(
        `${(found.errorInstance as Error).message}\nLATCHKEY_SEED=${seed} LATCHKEY_RUNS=${numRuns} repeats this\n${fc.defaultReportMessage(found)}`,
        { cause: found.errorInstance },
      );
    }
    if (DEEP) console.log(`      ${done + numRuns} of ${sequences} sequences`);
  }
  if (process.env.LATCHKEY_TALLY) console.table(Object.fromEntries([...tally].toSorted()));
  return tally;
}

/**
 * Plays one sequence, and leaves the playground as it was.
 * @returns How often each kind of step ended in each way.
 * @throws If chain and model differ.
 */
export async function checkSequence(ground: Playground, scenario: Scenario): Promise<Tally> {
  const tally: Tally = new Map();
  const snapshot = await ground.takeSnapshot();
  try {
    await play(ground, scenario, tally);
  } finally {
    await ground.restore(snapshot);
  }
  return tally;
}
