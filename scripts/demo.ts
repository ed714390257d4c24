/**
 * The main job, for real, on a chain of its own: a passkey's owner grants a session with one tap, an agent pays with
 * it, a thief with the agent's key does not get beyond it.
 *
 *     npm start [-- --json] [-- --safe 1.4.1]
 *
 * Exit code: 0 if every payment went through, every theft was refused and all balances agree; else 1.
 */
import { parseArgs } from "node:util";
import { type DemoReport, runDemo } from "./demo/runDemo.ts";

const { values: options } = parseArgs({
  options: { json: { type: "boolean", default: false }, safe: { type: "string", default: "1.5.0" } },
});
if (options.safe !== "1.4.1" && options.safe !== "1.5.0") {
  console.error(`There is no Safe ${options.safe} in the demo: say --safe 1.4.1 or --safe 1.5.0.`);
  process.exit(2);
}

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
