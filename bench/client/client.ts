/**
 * Measures what a payment by x402 costs the paying client, beside the stock client of an EOA, on a development chain.
 *
 *     npm run bench:client              prints a line for each figure
 *     npm run bench:client -- --json    prints one line: a JSON object
 */
import { commandLine, readCommandLine } from "../../scripts/commandLine.ts";

const { json, payments } = readCommandLine<{ json?: boolean; payments: string }>(
  commandLine("npm run bench:client --", "Measures payments by x402, beside the stock client's.")
    .option("--json", "print one line: a JSON object")
    .option("--payments <number>", "of how many payments of each client the CPU time is the median", "200"),
);
const { measureClient } = await import("./measureClient.ts");

const figures = await measureClient({ payments: Number(payments), progress: (done) => console.error(done) });
if (json) console.log(JSON.stringify(figures));
else for (const [name, value] of Object.entries(figures)) console.log(`${name.padEnd(32)} ${value}`);
