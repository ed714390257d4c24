import type { CrashReport, CrashRow } from "./CrashReport.ts";
import { SCENARIOS, type Scenario } from "./scenarios.ts";

const WIDTH = 100;

/** Text in lines of at most WIDTH characters, each after the same margin. */
function lines(text: string, margin: number): string {
  const room = new RegExp(`(.{1,${WIDTH - margin}})(?: +|$)`, "g");
  return text.replace(room, `${" ".repeat(margin)}$1\n`).trimEnd();
}

/** "1995" as "$1,995". */
const dollars = (amount: string): string => `$${amount.replace(/\B(?=(\d{3})+(?!\d))/g, ",")}`;

/** What is said before a scenario runs. */
export const scenarioText = ({ name, story }: Pick<Scenario, "name" | "story">): string =>
  `${name}\n${lines(story, 2)}\n`;

/** What is said of a row. */
export function rowText(row: CrashRow): string {
  return [lines(`${row.guard}: ${outcome(row)}`, 2), lines(row.setup, 4), lines(row.why, 4), ""].join("\n");
}

function outcome(row: CrashRow): string {
  if (row.verdict === "not installed") return `not installed: npm install ${row.missing.join(" ")}`;
  const thief = row.toThief !== "0" ? `, ${dollars(row.toThief)} of it to the thief` : "";
  const judged =
    row.verdict === "held" ? "held" : `${dollars(row.beyond)} beyond what the owner allowed${thief}`;
  return `${dollars(row.left)} of ${dollars(row.asked)} left the account; ${judged}`;
}

/** All of it, as it is printed line by line while the test runs. */
export function reportText(report: CrashReport): string {
  const scenarios = SCENARIOS.map((scenario) => [
    scenarioText(scenario),
    ...report.rows.filter((row) => row.scenario === scenario.name).map(rowText),
  ]);
  return [...scenarios.flat(), versionsText(report)].join("\n");
}

/** What is said at the end. */
export function versionsText({ versions }: Pick<CrashReport, "versions">): string {
  const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `Measured with ${named.join(", ")}.`;
}
