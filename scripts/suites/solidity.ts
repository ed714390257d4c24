/**
 * Runs Solidity tests through Hardhat and counts them, test contract by test contract.
 *
 *     node scripts/suites/solidity.ts <tally file> [<test file>…]
 */
import hre from "hardhat";
import { leaveTally } from "./Tally.ts";

/** What Hardhat's task gives back, as far as it is used here. Its own summary can say 0 of a run that failed. */
type TestRun = {
  suiteResults: {
    id: { name: string };
    testResults: { name: string; status: "Success" | "Failure" | "Skipped" }[];
  }[];
};

const [tallyPath, ...testFiles] = process.argv.slice(2);
const result: { success: boolean; value?: TestRun; error?: TestRun } = await hre.tasks
  .getTask(["test", "solidity"])
  .run({ testFiles, noCompile: true });
const run = result.value ?? result.error;
if (!run) throw new Error("Hardhat gave no result of the Solidity tests.");
const tests = run.suiteResults.flatMap(({ id, testResults }) =>
  testResults.map(({ name, status }) => ({ title: `${id.name} ${name}`, status })),
);
const failed = tests.filter(({ status }) => status === "Failure").length;
if (!result.success && failed === 0) throw new Error("The Solidity tests ended with an error.");
leaveTally(tallyPath, {
  passed: tests.filter(({ status }) => status === "Success").length,
  failed,
  skipped: tests.filter(({ status }) => status === "Skipped").map(({ title }) => title),
  notRun: 0,
  empty: run.suiteResults
    .filter(({ testResults }) => testResults.every(({ status }) => status === "Skipped"))
    .map(({ id }) => id.name),
});
