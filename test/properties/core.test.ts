import { expect } from "chai";
import fc from "fast-check";
import { SEED } from "../environment/seed.ts";
import { Playground } from "./Playground.ts";
import { scenarios } from "./scenario.ts";
import { type Tally, World } from "./World.ts";

const DEEP = Boolean(process.env.LATCHKEY_DEEP);
/** Sequences of a run, at least 30 steps each. */
const SEQUENCES = Number(process.env.LATCHKEY_RUNS ?? (DEEP ? 10_000 : 200));
/** A run is cut into chunks of so many sequences, each with a seed of its own. */
const CHUNK = 100;

/** What the default run meets many times over. Were one missing, the comparison would say nothing about it. */
const ENDINGS = [
  "authorize: expired",
  "authorize: held",
  "authorize: invalid signature",
  "authorize: no money",
  "authorize: not yet valid",
  "authorize: settled",
  "authorize: used",
  "held: invalid signature",
  "held: settled",
  "replay: used",
  "asked: false",
  "asked: true",
  "burn: settled",
  "burn: used",
  "enable: NotAccount",
  "enable: accepted",
  "renounce: NotKey",
  "renounce: accepted",
  "revoke: accepted",
  "revokeAll: accepted",
  "paid",
  "measured",
  "charged to two budgets",
  "execute: accepted",
  "execute: AllowanceLeft",
  "execute: CallFailed",
  "execute: CallNotAllowed",
  "execute: EmptyBatch",
  "execute: Expired",
  "execute: LotOpened",
  "execute: NoNativeBudget",
  "execute: NotGranted",
  "execute: NotKey",
  "execute: NotYetValid",
  "execute: PerTransactionExceeded",
  "execute: PeriodExceeded",
  "execute: RecipientNotAllowed",
  "execute: WrongEpoch",
  "executeSigned: accepted",
  "executeSigned: CallerNotAllowed",
  "executeSigned: DeadlinePassed",
  "executeSigned: InvalidKeySignature",
  "executeSigned: NonceAlreadyUsed",
];

describe(`sessions on real Safes with genuine USDC, step by step against the model (seed ${SEED})`, function () {
  this.timeout(DEEP ? 0 : 600_000);

  let ground: Playground;
  const tally: Tally = new Map();

  before(async () => {
    ground = await Playground.open();
  });

  it(`agree in ${SEQUENCES} sequences, which end in every way that a step can end`, async () => {
    let snapshot = await ground.takeSnapshot();
    const property = fc.asyncProperty(scenarios(30, 40), async (scenario) => {
      await ground.restore(snapshot);
      snapshot = await ground.takeSnapshot();
      await World.play(ground, scenario, tally);
    });
    for (let done = 0; done < SEQUENCES; done += CHUNK) {
      const seed = SEED + done;
      const numRuns = Math.min(CHUNK, SEQUENCES - done);
      const found = await fc.check(property, { seed, numRuns });
      if (found.failed) {
        throw new Error(
          `${(found.errorInstance as Error).message}\nLATCHKEY_SEED=${seed} LATCHKEY_RUNS=${numRuns} repeats this\n${fc.defaultReportMessage(found)}`,
          { cause: found.errorInstance },
        );
      }
      if (DEEP) console.log(`      ${done + numRuns} of ${SEQUENCES} sequences`);
    }
    if (process.env.LATCHKEY_TALLY) console.table(Object.fromEntries([...tally].toSorted()));
    // Fewer sequences than the default run has may miss the rarer endings.
    if (SEQUENCES >= 200) expect([...tally.keys()]).to.include.members(ENDINGS);
  });
});
