import { expect } from "chai";
import { SEED } from "../environment/seed.ts";
import { checkSequence, checkSequences, DEEP } from "./checkSequences.ts";
import { executing, sequence } from "./givenSequence.ts";
import type { Playground } from "./Playground.ts";
import { openSafePlayground } from "./safePlayground.ts";

const SEQUENCES = Number(process.env.LATCHKEY_RUNS ?? (DEEP ? 10_000 : 200));

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

  before(async () => {
    ground = await openSafePlayground();
  });

  it("agree that native coin for a contract is charged after the calls, and for anyone else before", async () => {
    const tooMuch = { call: "pay", to: "first payee", amount: "perTransaction + 1" } as const;
    const refusedByUsdc = { call: "forbidden", form: "value to USDC, no calldata" } as const;
    const refused = await checkSequence(
      ground,
      sequence(executing(tooMuch, refusedByUsdc), executing(refusedByUsdc, tooMuch)),
    );
    expect(refused.get("execute: CallFailed")).to.equal(2);

    const fund = { step: "fund", usdc: "nothing", native: "much" } as const;
    const penniless = { ...executing(), ...fund };
    const unpayable = { call: "pay", to: "first payee", amount: "one" } as const;
    const nativeTo = (to: "exchange" | "first payee") =>
      ({ call: "pay native", to, amount: "perTransaction + 1" }) as const;
    const measured = await checkSequence(
      ground,
      sequence(penniless, executing(nativeTo("exchange"), unpayable), executing(nativeTo("exchange"))),
    );
    expect(measured.get("execute: CallFailed")).to.equal(1);
    expect(measured.get("execute: PerTransactionExceeded")).to.equal(1);
    const plain = await checkSequence(
      ground,
      sequence(penniless, executing(nativeTo("first payee"), unpayable)),
    );
    expect(plain.get("execute: PerTransactionExceeded")).to.equal(1);
  });

  it(`agree in ${SEQUENCES} sequences, which end in every way that a step can end`, async () => {
    const tally = await checkSequences(ground, SEQUENCES);
    // A part of a run that is repeated may miss the rarer endings.
    if (!process.env.LATCHKEY_RUNS) expect([...tally.keys()]).to.include.members(ENDINGS);
  });
});
