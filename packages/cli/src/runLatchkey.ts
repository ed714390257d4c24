import { CommanderError } from "commander";
import { EXIT } from "./core/exitCodes.ts";
import { failureOf } from "./core/failureOf.ts";
import { openOutput } from "./core/output.ts";
import { UsageError } from "./core/UsageError.ts";
import { createProgram } from "./program.ts";

/** Milliseconds: npx passes one Ctrl-C on to a program that has it from the terminal already. */
const SAME_PRESS = 500;

/**
 * Runs a command line to its end, and ends the process with its exit code. The first Ctrl-C asks the command to stop,
 * the second stops it at once.
 *
 * @param typed What was typed behind `latchkey`.
 */
export async function runLatchkey(typed: readonly string[]): Promise<never> {
  const interrupted = new AbortController();
  let since = 0;
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.on(signal, () => {
      if (!interrupted.signal.aborted) {
        since = Date.now();
        interrupted.abort();
      } else if (Date.now() - since > SAME_PRESS) process.exit(EXIT.interrupted);
    });
  // A reader that goes away (`| head`) must not end a payment in the middle.
  for (const stream of [process.stdout, process.stderr])
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") process.exit(EXIT.folder);
    });

  const program = createProgram({ signal: interrupted.signal });
  try {
    await program.parseAsync(helpAsOption(typed), { from: "user" });
  } catch (error) {
    // Help and version end like this as well, and are printed already.
    if (error instanceof CommanderError && error.exitCode === 0) return end(EXIT.done);
    const output = openOutput({ json: program.opts<{ json?: boolean }>().json === true });
    const failure = await failureOf(
      error instanceof CommanderError ? new UsageError(usageMessage(error)) : error,
      { interrupted: interrupted.signal.aborted },
    );
    output.failure(failure);
    return end(failure.exitCode);
  }
  return end(process.exitCode === undefined ? EXIT.done : Number(process.exitCode));
}

/** `latchkey help pay` as `latchkey pay --help`, which loads the command. */
const helpAsOption = (typed: readonly string[]) =>
  typed[0] === "help" ? [...typed.slice(1), "--help"] : typed;

/** Commander's message without its own "error: ". */
const usageMessage = ({ message }: CommanderError) => message.replace(/^error: /, "");

/** Ends the process once everything is written: idle connections to a node would keep it alive for seconds. */
async function end(code: number): Promise<never> {
  for (const stream of [process.stdout, process.stderr]) await new Promise((done) => stream.write("", done));
  process.exit(code);
}
