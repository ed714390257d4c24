import Mocha from "mocha";
import type { Verdict } from "./Verdict.ts";

/** Runs the tests that Mocha has loaded: to the end, or to the first that fails where it was told to bail. */
export const judgeBy = (mocha: Mocha): Promise<Verdict> =>
  new Promise((done) => {
    const verdict: Verdict = { passed: 0, failures: [] };
    mocha
      .run(() => done(verdict))
      .on(Mocha.Runner.constants.EVENT_TEST_PASS, () => {
        verdict.passed += 1;
      })
      .on(Mocha.Runner.constants.EVENT_TEST_FAIL, (test, { message, code }: Error & { code?: string }) => {
        verdict.failures.push({
          title: test.fullTitle(),
          why: message,
          timedOut: code === "ERR_MOCHA_TIMEOUT",
        });
      });
  });
