/**
 * The page for real, on a chain of its own: an agent asks for a session and waits; you open its link, make a passkey and
 * tap once; the agent pays a shop until you stop it.
 *
 *     npm run page [-- --port 4173] [-- --pace 3] [-- --page <folder>] [-- --json]
 *
 * port: of the page; 0: a free one. pace: seconds between two payments. page: a built page other than the one in
 * packages/page. json: one line of JSON an event.
 * Exit code: 0 after Ctrl-C, 1 if something failed, 2 if an option is not valid.
 */
import { InvalidArgumentError } from "commander";
import { commandLine, readCommandLine } from "./commandLine.ts";
import { printJson, printStory } from "./page/printer.ts";

const port = (text: string): number => {
  if (/^\d+$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new InvalidArgumentError("Pass a whole number from 0 to 65535.");
};
const pace = (text: string): number => {
  const value = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && value >= 0.1 && value <= 3600) return value;
  throw new InvalidArgumentError("Pass a number of seconds from 0.1 to 3600.");
};

const options = readCommandLine<{ port: number; pace: number; page?: string; json: boolean }>(
  commandLine("npm run page --", "Runs the page and an agent on a local chain, to try by hand.")
    .option("--port <number>", "of the page; 0: a free one", port, 4173)
    .option("--pace <seconds>", "between two payments", pace, 3)
    .option("--page <folder>", "a built page other than the one in packages/page")
    .option("--json", "one line of JSON an event", false),
);
const { DevChainError } = await import("@latchkey/devchain");
const { runPage } = await import("./page/runPage.ts");

const ending = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => ending.abort());
try {
  await runPage({
    port: options.port,
    folder: options.page,
    pace: 1000 * options.pace,
    print: options.json ? printJson : printStory,
    output: options.json ? undefined : process.stdout,
    signal: ending.signal,
  });
  process.exit(0);
} catch (error) {
  // What a person at the terminal can put right is printed without a stack.
  console.error(error instanceof DevChainError ? error.message : error);
  process.exit(1);
}
