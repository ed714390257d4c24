import type { Command } from "commander";
import { rowText, scenarioText, versionsText } from "../core/crashTest/crashText.ts";
import { runCrashTest } from "../core/crashTest/runCrashTest.ts";
import { loadDevchain } from "../core/dev/loadDevchain.ts";
import { action, notes } from "../invocation.ts";

const NOTES = notes(
  `Runs agents that may spend $20 a day on a development chain of this machine: ten replicas, a
restart, another token, a stolen key, the edge of a day. Prints what left the account when a
session limits them, and when x402's spend controls or Coinbase's guardrails do. It takes a minute.
@latchkey/devchain is needed; the others are compared if they are installed in this folder:
npm install @latchkey/devchain @x402/fetch @x402/evm @coinbase/cdp-sdk`,
  ["latchkey crash-test", "latchkey crash-test --json"],
);

/** `latchkey crash-test` */
export function crashTest(command: Command): void {
  command.addHelpText("after", NOTES).action(
    action(async ({ output, signal }) => {
      const folder = process.cwd();
      const devchain = await loadDevchain(folder);
      const tell = (text: string) => {
        if (!output.json) output.print({}, text);
      };
      const report = await runCrashTest({
        devchain,
        folder,
        signal,
        onScenario: (scenario) => tell(scenarioText(scenario)),
        onRow: (row) => tell(rowText(row)),
      });
      output.print(report, versionsText(report));
    }),
  );
}
