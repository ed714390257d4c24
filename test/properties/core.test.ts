import { expect } from "chai";
import { SEED } from "../environment/seed.ts";
import { checkSequences, DEEP } from "./checkSequences.ts";
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

  it(`agree in ${SEQUENCES} sequences, which end in every way that a step can end`, async () => {
    const tally = await checkSequences(await openSafePlayground(), SEQUENCES);
    // Fewer sequences than the default run has may miss the rarer endings.
    if (SEQUENCES >= 200) expect([...tally.keys()]).to.include.members(ENDINGS);
  });
});
