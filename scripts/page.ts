/**
 * The page for real, on a chain of its own: an agent asks for a session and waits; you open its link, make a passkey and
 * tap once; the agent pays a shop until you stop it.
 *
 *     npm run page [-- --port 4173] [-- --pace 3] [-- --page <folder>] [-- --json]
 *
 * port: of the page; 0: a free one. pace: seconds between two payments. page: a built page other than the one in
 * packages/page. json: one line of JSON an event.
 * Exit code: 0 after Ctrl-C, 1 if something failed, 2 if an option is none.
 */
import { parseArgs } from "node:util";
import { PageError } from "./page/PageError.ts";
import { printJson, printStory } from "./page/printer.ts";
import { runPage } from "./page/runPage.ts";

const usage = "Usage: npm run page -- [--port <0 to 65535>] [--pace <seconds>] [--page <folder>] [--json]";

function readOptions() {
  const { values } = parseArgs({
    options: {
      port: { type: "string", default: "4173" },
      pace: { type: "string", default: "3" },
      page: { type: "string" },
      json: { type: "boolean", default: false },
    },
  });
  const port = Number(values.port);
  const pace = Number(values.pace);
  if (!/^\d+$/.test(values.port) || port > 65_535)
    throw new PageError(`--port ${values.port} is no port: write a whole number from 0 to 65535.`);
  if (!/^\d+(\.\d+)?$/.test(values.pace) || pace < 0.1 || pace > 3600)
    throw new PageError(`--pace ${values.pace} is no pace: write seconds, from 0.1 to 3600.`);
  return { port, pace: 1000 * pace, folder: values.page, json: values.json };
}

let options: ReturnType<typeof readOptions>;
try {
  options = readOptions();
} catch (error) {
  console.error(`${(error as Error).message}\n${usage}`);
  process.exit(2);
}

const ending = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => ending.abort());
try {
  await runPage({
    port: options.port,
    folder: options.folder,
    pace: options.pace,
    print: options.json ? printJson : printStory,
    output: options.json ? undefined : process.stdout,
    signal: ending.signal,
  });
  process.exit(0);
} catch (error) {
  console.error(error instanceof PageError ? error.message : error);
  process.exit(1);
}
