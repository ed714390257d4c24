/**
 * The main job, for real, on a chain of its own: a passkey's owner grants a session with one tap, an agent pays with
 * it, a thief with the agent's key does not get beyond it.
 *
 *     npm start [-- --json] [-- --safe 1.4.1]
 *
 * Exit code: 0 if every payment went through, every theft was refused and all balances agree; else 1.
 */
import { Option } from "commander";
import { commandLine, readCommandLine } from "./commandLine.ts";
import type { DemoReport } from "./demo/runDemo.ts";

const options = readCommandLine<{ json: boolean; safe: "1.4.1" | "1.5.0" }>(
  commandLine("npm start --", "Runs the demo on a local chain: a grant, payments, and 22 thefts.")
    .option("--json", "end with a line of JSON", false)
    .addOption(new Option("--safe <version>", "of the account").choices(["1.4.1", "1.5.0"]).default("1.5.0")),
);
const { runDemo } = await import("./demo/runDemo.ts");

let report: DemoReport;
try {
  report = await runDemo(options.safe);
} catch (error) {
  console.error(error);
  process.exit(1);
}
if (options.json) {
  const { payments, refusals, spent, stolen, gas } = report;
  console.log(JSON.stringify({ payments, refusals, spent, stolen, gas }));
}
process.exit(report.failures.length === 0 ? 0 : 1);
