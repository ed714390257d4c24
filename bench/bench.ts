/**
 * Measures what Latchkey costs, on the contracts as they are compiled now.
 *
 *     npm run bench                 writes bench/gas.json, bench/gas.md and the figures of docs/gas.md
 *     npm run bench -- --check      writes nothing; names what differs from the committed files and exits 1
 *     npm run bench -- --json       writes nothing; prints one line: a JSON object, row to gas
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { committedFigures, differences, gasFiles, measureAll } from "./gasFiles.ts";
import { standings } from "./targets.ts";

const { check, json } = parseArgs({
  options: { check: { type: "boolean", default: false }, json: { type: "boolean", default: false } },
}).values;
if (check && json) {
  console.error("Choose one of --check and --json.");
  process.exit(1);
}

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
