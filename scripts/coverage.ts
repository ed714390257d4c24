/**
 * Runs all tests against instrumented contracts and prints how much of contracts/ they reach, in lines and statements.
 * The instrumented code is larger and dearer than the real one: tests of sizes, gas, hashes and addresses mean
 * nothing here, so only the table is the result, and a failed test is named but does not fail the run. How many tests
 * pass is for `npm test` to say: Hardhat's total here counts tests that were skipped, or never ran, as passed.
 *
 *     npm run coverage
 */
import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { resolve } from "node:path";
import { commandLine, readCommandLine } from "./commandLine.ts";
import { npmCommand } from "./npmCommand.ts";

readCommandLine(
  commandLine("npm run coverage --", "Prints the lines and statements of contracts/ that the tests reach."),
);

// The configuration reads this when it is loaded, so it comes before Hardhat does.
process.env.HARDHAT_COVERAGE = "true";
process.chdir(resolve(import.meta.dirname, ".."));
const { default: hre } = await import("hardhat");

// Mocks are not what is measured.
hre.config.coverage.skipFiles.push("test/**");
// Those that run the contracts by themselves. Instrumented code has other addresses than the SDK and the page know.
const testFiles = [
  ...globSync("test/{contracts,accounts,fork,model,properties}/**/*.test.ts"),
  ...globSync("test/solidity/**/*.t.sol"),
].sort();
try {
  await hre.tasks.getTask("test").run({ testFiles });
} finally {
  // Nobody may deploy or measure the instrumented code by mistake.
  delete process.env.HARDHAT_COVERAGE;
  const { command, args } = npmCommand(["run", "--silent", "compile"]);
  spawnSync(command, args, { stdio: ["ignore", "ignore", "inherit"] });
}
process.exit(0);
