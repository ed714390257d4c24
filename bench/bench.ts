/**
 * Measures what Latchkey costs, on the contracts as they are compiled now.
 *
 *     npm run bench                 writes bench/gas.json, bench/gas.md and the figures of docs/gas.md
 *     npm run bench -- --check      writes nothing; names what differs from the committed files and exits 1
 *     npm run bench -- --json       writes nothing; prints one line: a JSON object, row to gas
 */
import { writeFileSync } from "node:fs";
import { Option } from "commander";
import { commandLine, readCommandLine } from "../scripts/commandLine.ts";

const { check, json } = readCommandLine<{ check?: boolean; json?: boolean }>(
  commandLine("npm run bench --", "Measures gas, and rewrites the tables.")
    .addOption(new Option("--check", "write nothing; name what differs, and exit 1").conflicts("json"))
    .addOption(new Option("--json", "write nothing; print one line: a JSON object, row to gas")),
);
const { committedFigures, differences, gasFiles, measureAll } = await import("./gasFiles.ts");
const { standings } = await import("./targets.ts");

const measurements = await measureAll();
if (json) {
  console.log(JSON.stringify(measurements.figures));
} else {
  const changed = differences(committedFigures(), measurements.figures);
  const stale = gasFiles(measurements).filter(({ committed, measured }) => committed !== measured);
  for (const line of changed) console.log(line);
  for (const { path } of stale) console.log(`${path}: ${check ? "is not what was measured" : "written"}`);
  if (!check) for (const { absolutePath, measured } of stale) writeFileSync(absolutePath, measured);
  for (const { row, gas, most } of standings(measurements.figures)) {
    if (gas > most) console.log(`${row}: ${gas - most} over its target`);
  }
  console.log(
    `bench: ${Object.keys(measurements.figures).length} rows, ${stale.length === 0 ? "all as committed" : `${changed.length} changed`}`,
  );
  if (check && stale.length > 0) {
    console.error("The committed gas figures are stale: run `npm run bench` and commit the result.");
    process.exitCode = 1;
  }
}
